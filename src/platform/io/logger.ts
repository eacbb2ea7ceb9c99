/**
 * Log lines as JSON by pino, one line each.
 *
 * @module
 */

import { pino, type DestinationStream, type Logger as Pino } from 'pino'
import type { LogFields, Logger } from '../ports.ts'
import { escapeControls } from '../text.ts'

/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Fields that would hold a secret if someone logged them by mistake, at the top or one level down. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'idToken',
  'key',
  'password',
  'secret',
  'ticket',
  'token',
]

function wrap(target: Pino): Logger {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
      target[level](fields ?? {}, message)
    }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => wrap(target.child(fields)),
  }
}

/**
 * A logger that writes JSON lines.
 *
 * @param level - The least level that is written.
 * @param destination - Where lines go. Default standard error, so that standard output stays for results.
 * @returns The port.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // A log is read on terminals too.
    hooks: { streamWrite: escapeControls },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  }
  return wrap(pino(options, destination ?? pino.destination({ fd: 2, sync: true })))
}
