/** The API: `ask(flowsListFlows({ query }))`. Everything of a feature's queries goes through here. */

export { ask } from "./client";
export * from "./generated";
export { type FieldProblem, Problem, problemOf } from "./problem";
