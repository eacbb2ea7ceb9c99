import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger, type LogLevel } from '../../../../src/platform/io/index.ts'

function capture(level: LogLevel) {
  const lines: string[] = []
  const logger = createLogger(level, { write: (line: string) => void lines.push(line) })
  return {
    logger,
    parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    lines,
  }
}

describe('createLogger', () => {
  it('writes one JSON object a line with level, time, fields and message', () => {
    const { logger, parsed } = capture('info')
    logger.child({ room: 'sso' }).warn('ticket refused', { code: 'ERR_X' })
    const [line] = parsed()
    assert.equal(typeof line?.['time'], 'string')
    assert.deepEqual(
      { ...line, time: '' },
      { level: 'warn', time: '', room: 'sso', code: 'ERR_X', msg: 'ticket refused' },
    )
  })

  it('writes no control character that a peer sent, and loses none', () => {
    const { logger, lines, parsed } = capture('info')
    const reason = 'a\u001b[2Jb\u009b31mc\u007f\r\nd'
    logger.child({ peer: reason }).info(reason, { reason })
    const [line] = parsed()
    assert.deepEqual([line?.['peer'], line?.['msg'], line?.['reason']], [reason, reason, reason])
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    assert.doesNotMatch(lines.join(''), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\n./)
  })

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture('warn')
    logger.info('quiet')
    logger.debug('quieter')
    assert.deepEqual(lines, [])
  })

  it('hides a secret that was logged by mistake, also one level down', () => {
    const { logger, lines } = capture('debug')
    logger.error('oops', {
      token: 'SECRET',
      request: { authorization: 'SECRET', cookie: 'SECRET' },
    })
    assert.equal(lines.length, 1)
    assert.ok(!lines[0]?.includes('SECRET'))
  })
})
