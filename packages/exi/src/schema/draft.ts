/** A component while it is made. Components refer to each other in circles, so that they exist before they are complete. */
export type Draft<T> = { -readonly [Key in keyof T]: T[Key] };
