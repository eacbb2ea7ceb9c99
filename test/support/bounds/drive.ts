/** Goes ten times beyond a limit and sees that it holds, that the error is the one it should be, and that others go on. */
export type Drive = () => Promise<void>
