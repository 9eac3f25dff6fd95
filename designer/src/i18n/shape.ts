/** The same keys, whatever the words: what another language has to bring. */
export type Words<T> = { [K in keyof T]: T[K] extends string ? string : Words<T[K]> };
