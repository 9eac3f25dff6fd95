import type words from "../id";
import type { Words } from "../shape";
import auth from "./auth";
import canvas from "./canvas";
import common from "./common";
import flows from "./flows";
import forms from "./forms";
import runs from "./runs";
import templates from "./templates";

const en: Words<typeof words> = { ...common, auth, canvas, flows, forms, runs, templates };

export default en;
