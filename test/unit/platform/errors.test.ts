import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCode, errorMend, errorText, SallyportError } from '../../../src/platform/index.ts'

describe('SallyportError', () => {
  it('keeps code, mend and cause, and is named after its class', () => {
    class RoomError extends SallyportError {}
    const cause = new Error('socket closed')
    const error = new RoomError('ERR_ROOM_LOST', 'the room is lost', {
      cause,
      mend: 'Open the door.',
    })
    assert.deepEqual(
      [error.name, error.code, error.mend, error.cause],
      ['RoomError', 'ERR_ROOM_LOST', 'Open the door.', cause],
    )
    assert.equal(errorMend(error), 'Open the door.')
  })
})

describe('errorCode, errorText and errorMend', () => {
  it('take what an Error says', () => {
    const error = Object.assign(new Error('gone'), { code: 'ENOENT' })
    assert.deepEqual([errorCode(error), errorText(error)], ['ENOENT', 'gone'])
  })

  it('cope with anything thrown', () => {
    assert.deepEqual([errorCode('text'), errorText('text')], ['ERR_UNEXPECTED', 'text'])
    assert.equal(errorCode(Object.assign(new Error('x'), { code: 7 })), 'ERR_UNEXPECTED')
    for (const thrown of [null, 'text', { mend: 'Trust me.' }]) {
      assert.equal(errorMend(thrown), undefined)
    }
  })
})
