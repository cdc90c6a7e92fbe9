export interface NetworkPageProps {
  /** What is selected: ids from the NCAP down. */
  readonly path: readonly string[];
}
