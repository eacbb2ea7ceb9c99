/** Ctrl-C and SIGTERM: what has been started is ended in order, whatever the bench is doing. */

const signalled = new Promise<string>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      resolve(signal)
    })
  }
})

/**
 * Awaits work unless a signal comes first.
 *
 * @param work - Under way.
 * @returns What the work gives.
 * @throws Error when a signal came first.
 */
export async function untilSignal<T>(work: Promise<T>): Promise<T> {
  const signal = await Promise.race([signalled, work.then(() => undefined)])
  if (signal === undefined) return work
  // Its own failure does not matter any more.
  work.catch(() => undefined)
  throw new Error(`interrupted by ${signal}`)
}

/**
 * The same for work that starts something of its own: waits for it to be there, so that it can be ended.
 *
 * @param work - Under way.
 * @param undo - Ends what it started.
 * @returns What the work gives.
 * @throws Error when a signal came first.
 */
export async function started<T>(work: Promise<T>, undo: (late: T) => Promise<void>): Promise<T> {
  try {
    return await untilSignal(work)
  } catch (error) {
    await work.then(undo, () => undefined)
    throw error
  }
}
