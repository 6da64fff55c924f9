/** A failure of the lab itself (not of a scenario): no kernel, no boot, a hang, a guest that died. */
export class LabError extends Error {
  readonly code: string;
  readonly consoleTail: string | undefined;
  constructor(code: string, message: string, consoleTail?: string) {
    super(message);
    this.name = 'LabError';
    this.code = code;
    this.consoleTail = consoleTail;
  }
}
