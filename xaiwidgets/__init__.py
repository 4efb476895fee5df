"""A course on interpretable deep learning that you can touch."""

import lazy_loader

__version__ = "0.1.0"

# Each name is imported when it is first used, so that `import xaiwidgets` costs nothing.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["datasets", "exercises", "explorers", "methods", "models", "views"],
    submod_attrs={
        "datasets": ["Dataset", "load_dataset"],
        "exercises": ["check", "claim", "hint", "predict", "reveal", "solution"],
        "explorers": [
            "CAMExplorer",
            "Explorer",
            "GameExplorer",
            "GradientsExplorer",
            "GuidedExplorer",
            "LRPExplorer",
            "LimeExplorer",
            "LocalFitExplorer",
            "OcclusionExplorer",
            "PrototypeExplorer",
            "ShapleyExplorer",
            "ShapleyTableExplorer",
            "ShatteredExplorer",
            "ShortcutExplorer",
            "TopKExplorer",
            "TSNEExplorer",
            "show",
        ],
        "methods.diagnose": ["diagnose"],
        "models": ["load_model"],
        "parameters": ["Choice", "Flag", "Range"],
        "progress": ["track"],
    },
)
