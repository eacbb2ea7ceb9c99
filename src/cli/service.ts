/**
 * What the long-running services share: log level, signals, no secret in a core dump or an inspector.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { Option } from 'commander'
import { errorCode, errorText, type Logger } from '../platform/index.ts'
import type { LogLevel } from '../platform/io/index.ts'

/** `--log-level`, also settable as SALLYPORT_LOG_LEVEL. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'how much is logged')
    .choices(['debug', 'info', 'warn', 'error', 'silent'] satisfies LogLevel[])
    .default('info' satisfies LogLevel)
    .env('SALLYPORT_LOG_LEVEL')
}

/**
 * Keeps keys and tickets out of core dumps, and other processes of the same user out of the inspector.
 *
 * @param logger - Told when the host does not allow it.
 */
export function protectMemory(logger: Logger): void {
  // A listener takes SIGUSR1 from Node, which would open the inspector on it.
  process.on('SIGUSR1', () => {
    logger.warn('SIGUSR1 ignored: the inspector is off in the services')
  })
  try {
    // core(5): a filter of 0 leaves every memory segment out of a dump.
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch (error) {
    logger.warn('core dumps could not be emptied; set LimitCORE=0 in the service unit', {
      code: errorCode(error),
    })
  }
}

/**
 * Has V8 judge the memory of socket buffers together with its heap. By itself it begins a full collection after every
 * 64 MiB of them, garbage or not: half of all CPU time while a large body passes.
 */
export function tuneHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}

/** A service that can be asked to stop. */
export interface StoppableService {
  /** Finishes what is in flight within its own limits, then lets go of every socket and file. */
  stop(): Promise<void>
}

/**
 * Keeps a service up until SIGTERM or SIGINT, then stops it; a second signal ends the process at once.
 *
 * @param service - What to stop.
 * @param logger - Told about the signal.
 */
export async function runUntilSignal(service: StoppableService, logger: Logger): Promise<void> {
  // Timers of the product never hold the process, so this one does until a signal comes.
  const keepAlive = setInterval(() => undefined, 2 ** 30)
  const signal = await nextSignal()
  logger.info('stopping', { signal })
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => process.exit(1))
  }
  try {
    await service.stop()
    logger.info('stopped')
  } catch (error) {
    logger.error('stopping failed', { code: errorCode(error), reason: errorText(error) })
    process.exitCode = 1
  } finally {
    clearInterval(keepAlive)
  }
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => {
        resolve(name)
      })
    }
  })
}
