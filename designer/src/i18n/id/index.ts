import auth from "./auth";
import canvas from "./canvas";
import common from "./common";
import flows from "./flows";
import forms from "./forms";
import runs from "./runs";
import templates from "./templates";

/** Indonesian: the language all keys come from. */
export default { ...common, auth, canvas, flows, forms, runs, templates } as const;
