// The shipped modules, as test_javascript.py wrote them from the classes: what is tested is what the browser gets.
import { pathToFileURL } from "node:url";

const folder = process.env.XAI_MODULES;
if (!folder) throw new Error("run these tests by pytest tests/views/test_javascript.py: it writes the modules");

export const load = (name) => import(pathToFileURL(`${folder}/${name}.mjs`));
