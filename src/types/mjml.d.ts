/** mjml 5 has no typings of its own; of it we use one function. */

declare module 'mjml' {
  export interface MjmlError {
    readonly line: number
    readonly message: string
    readonly tagName: string
  }

  export interface MjmlOptions {
    /** `soft`: everything that is wrong is listed. */
    readonly validationLevel?: 'skip' | 'soft' | 'strict'
    readonly keepComments?: boolean
    /** `mj-include` reads files. */
    readonly ignoreIncludes?: boolean
    /** Web fonts by name, fetched by whoever reads the mail. */
    readonly fonts?: Readonly<Record<string, string>>
  }

  export default function mjml2html(
    source: string,
    options?: MjmlOptions,
  ): Promise<{ readonly html: string; readonly errors: readonly MjmlError[] }>
}
