export type FaultTarget = 'list' | 'watch' | 'get' | 'write';

export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** No answer, until the client gives up. */
  | { readonly kind: 'hang' }
  /** The connection breaks before an answer. */
  | { readonly kind: 'refuse' }
  /** The request is done and its answer lost. */
  | { readonly kind: 'lose-answer' }
  /** The answer ends in the middle; of a watch, in the middle of an event. */
  | { readonly kind: 'truncate' }
  /** A watch that stays open and says nothing more after so many lines, as half-open connections do. */
  | { readonly kind: 'silent'; readonly afterLines: number }
  /** A watch that breaks after so many lines. */
  | { readonly kind: 'cut'; readonly afterLines: number }
  /** A watch that ends properly after so many lines. */
  | { readonly kind: 'end'; readonly afterLines: number }
  /** A watch whose next line is this text. */
  | { readonly kind: 'line'; readonly text: string };
