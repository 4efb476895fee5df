"""What the explorers of one picture share: model, pictures, the explained class, and a picture of the reader's own."""

from typing import Any

from torch import Tensor, nn

from xaiwidgets.colors import picture
from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.explorers.explorer import Explorer
from xaiwidgets.explorers.pictures import UNKNOWN, as_dataset, logits_of, named_classes, with_picture
from xaiwidgets.models import load_model
from xaiwidgets.views import BarsView, GalleryView

GALLERY = 60  # pictures to choose from


class PictureExplorer(Explorer):
    """An explorer of one picture, chosen from a gallery, and of one class, chosen among the scores.

    A subclass makes `self.gallery` and `self.scores` in `build` and calls `watch_pictures`; it may say in
    `course_pictures` what it opens on, in `prepare` what it asks of the model, and in
    `leave_picture` what does not outlive a change of the picture.

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found. None: the course's.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
            None: the course's.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    gallery: GalleryView
    scores: BarsView

    def __init__(
        self,
        model: nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        masks: Tensor | None = None,
    ) -> None:
        self.model = load_model("scenes-cnn") if model is None else model
        data = as_dataset(self.course_pictures() if images is None else images, labels, class_names, masks)
        self.class_names = named_classes(self.model, data)
        self.data = data[:GALLERY]
        self.prepare()
        super().__init__(self.model)

    def course_pictures(self) -> Dataset:
        """What the explorer opens on without arguments."""
        return load_dataset("scenes", count=24)

    def prepare(self) -> None:
        """Find out about model and pictures what the views need; what it refuses leaves no widget behind."""

    def leave_picture(self) -> None:
        """Forget what belongs to the earlier picture alone."""

    def watch_pictures(self) -> None:
        """Choose the class of the first picture, and follow the gallery from now on."""
        self.choose_class()
        self.gallery.observe(self.other_image, names=["selected"])
        self.gallery.observe(self.add_image, names=["added"])

    def choose_class(self) -> None:
        """The true class of the picture, or the predicted one where nobody told."""
        chosen = self.gallery.selected or 0
        label = int(self.data.labels[chosen])
        known = label != UNKNOWN
        self.scores.highlight = label if known else None
        self.scores.selected = label if known else int(logits_of(self.model, self.data.images[[chosen]]).argmax())

    def other_image(self, _change: Any) -> None:
        """Explain the picture that was chosen."""
        self.leave_picture()
        self.choose_class()
        self.update()

    def add_image(self, change: Any) -> None:
        """Append a picture of the reader's own, and choose it."""
        self.data = with_picture(self.data, change.new)
        self.gallery.images = picture(self.data.images)
        self.gallery.selected = len(self.data) - 1


def picture_gallery(data: Dataset, height: int) -> GalleryView:
    """The pictures to choose from, `height` pixels of them at once; the reader may add one."""
    return GalleryView(images=picture(data.images), label="Pictures", size=44, height=height, upload=True)
