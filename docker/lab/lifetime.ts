/**
 * Ties labs to the process that owns them: when it is told to end, they are stopped first.
 *
 * @module
 */

/** What can be ended with its owner. */
export interface Owned {
  /** Ends in good order. */
  stop(): Promise<void>
  /** Ends at once, without waiting. */
  stopAtExit(): void
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const owned = new Set<Owned>()

function onExit(): void {
  for (const one of owned) one.stopAtExit()
}

/** Stops all, then lets the signal do what it would have done, unless someone else listens for it and decides. */
function onSignal(signal: NodeJS.Signals): void {
  const alone = process.listenerCount(signal) === 1
  const all = [...owned]
  void Promise.allSettled(all.map((one) => one.stop())).then(() => {
    for (const one of all) disown(one)
    if (alone) process.kill(process.pid, signal)
  })
}

/**
 * Ties something to this process.
 *
 * @param one - What to stop when the process ends.
 */
export function own(one: Owned): void {
  if (owned.size === 0) {
    process.on('exit', onExit)
    for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  }
  owned.add(one)
}

/**
 * Unties it again, because it has been stopped.
 *
 * @param one - What was tied.
 */
export function disown(one: Owned): void {
  if (!owned.delete(one) || owned.size > 0) return
  process.off('exit', onExit)
  for (const signal of STOP_SIGNALS) process.off(signal, onSignal)
}
