declare module 'picomatch' {
  function picomatch(
    glob: string,
    options: { readonly dot: boolean; readonly strictSlashes: boolean },
  ): (path: string) => boolean;
  export = picomatch;
}
