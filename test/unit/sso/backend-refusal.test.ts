import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ApRefusedError, formatNegotiate } from '../../../src/kerberos/index.ts'
import { encodeKrbError } from '../../../src/kerberos/messages/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { encodeNegTokenResp, frameToken } from '../../support/gss-acceptor.ts'
import { createStage, type Stage } from '../../support/sso/stage.ts'

const SPN = 'HTTP/iwa.corp.example'

function krbError(errorCode: number, times: { stimeMs: number; ctimeMs?: number }): Uint8Array {
  const sname = { nameType: 2, nameString: SPN.split('/') }
  return encodeKrbError({ ...times, susec: 0, errorCode, realm: 'CORP.EXAMPLE', sname })
}

/** As IIS and MIT's acceptor send it. */
function rejection(message: Uint8Array): Uint8Array {
  return encodeNegTokenResp({ negState: 2, responseToken: frameToken(0x0300, message) })
}

describe('a backend that refuses a ticket and says why', () => {
  const stages: Stage[] = []
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  async function refusing(challenge: (attempt: number) => string): Promise<Stage> {
    const stage = await createStage()
    stages.push(stage)
    stage.backend.mood = (_arrival, _request, response) => {
      const field = challenge(stage.backend.arrivals.length)
      response.writeHead(401, { 'WWW-Authenticate': field }).end()
      return true
    }
    return stage
  }

  it('is quoted in the error, which has the backend’s own as its cause', async () => {
    const token = rejection(krbError(41, { stimeMs: 0 }))
    const stage = await refusing(() => formatNegotiate(token))
    const { code, error } = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(code, 'ERR_SSO_BACKEND_KEY_MISMATCH')
    assert.match(
      error?.message ?? '',
      /twice: HTTP\/iwa\.corp\.example@CORP\.EXAMPLE answered KRB_AP_ERR_MODIFIED \(41\)/,
    )
    assert.ok(error instanceof SallyportError)
    assert.match(error.mend ?? '', /which account holds the service principal name/)
    assert.ok(error.cause instanceof ApRefusedError)
    assert.equal(error.cause.krbErrorCode, 41)
  })

  it('is told to the administrator at each attempt, with the difference of the clocks', async () => {
    const times = { stimeMs: 1_700_000_600_000, ctimeMs: 1_700_000_000_000 }
    const stage = await refusing((attempt) =>
      formatNegotiate(attempt === 1 ? krbError(37, times) : rejection(krbError(34, times))),
    )
    await stage.ask({ proof: await stage.proof('alice') })
    const lines = stage.logger.lines.filter(({ message }) => message === 'backend refused a ticket')
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields['attempt'], fields['krbErrorCode']]),
      [
        ['info', 1, 37],
        ['info', 2, 34],
      ],
    )
    const [first] = lines
    assert.equal(first?.fields['aheadMs'], 600_000)
    assert.equal(first.fields['servicePrincipalName'], SPN)
    assert.equal(first.fields['user'], 'alice')
    assert.match(String(first.fields['reason']), /600 s ahead of our token/)
    assert.match(String(first.fields['mend']), /chrony/)
  })

  for (const [krbErrorCode, expected, mend] of [
    [31, 'ERR_SSO_BACKEND_KEY_MISMATCH', /keytab/],
    [32, 'ERR_SSO_BACKEND_TICKET_EXPIRED', /clocks/],
    [33, 'ERR_SSO_BACKEND_TICKET_NOT_YET_VALID', /clocks/],
    [34, 'ERR_SSO_BACKEND_REPLAY', /twice/],
    [36, 'ERR_SSO_BACKEND_BAD_MATCH', /fault of the client/],
    [37, 'ERR_SSO_BACKEND_CLOCK_SKEW', /chrony/],
    [41, 'ERR_SSO_BACKEND_KEY_MISMATCH', /setspn/],
    [44, 'ERR_SSO_BACKEND_NO_KEY', /keytab/],
    [45, 'ERR_SSO_BACKEND_NO_KEY', /keytab/],
    [60, 'ERR_SSO_BACKEND_REFUSED_TICKET', /log/],
  ] as const) {
    it(`has the code ${expected} for KRB-ERROR ${krbErrorCode}, with a mend`, async () => {
      const token = rejection(krbError(krbErrorCode, { stimeMs: 0 }))
      const stage = await refusing(() => formatNegotiate(token))
      const { code, error } = await stage.ask({ proof: await stage.proof('alice') })
      assert.equal(code, expected)
      assert.ok(error instanceof SallyportError)
      assert.match(error.mend ?? '', mend)
      assert.equal(stage.backend.arrivals.length, 2)
    })
  }

  for (const challenge of [
    'Negotiate',
    'Negotiate TlRMTVNTUAACAAAA',
    'Negotiate !!',
    formatNegotiate(Buffer.from('a1', 'hex')),
    formatNegotiate(encodeNegTokenResp({ negState: 2 })),
    formatNegotiate(rejection(krbError(41, { stimeMs: 0 }).subarray(0, 40))),
  ]) {
    it(`says nothing by ${JSON.stringify(challenge.slice(0, 30))}`, async () => {
      const stage = await refusing(() => challenge)
      const { code, error } = await stage.ask({ proof: await stage.proof('alice') })
      assert.equal(code, 'ERR_SSO_BACKEND_REFUSED_TICKET')
      assert.match(error?.message ?? '', /twice$/)
      assert.equal(error?.cause, undefined)
      const said = stage.logger.lines.filter(
        ({ message }) => message === 'backend refused a ticket',
      )
      assert.deepEqual(
        said.map(({ level }) => level),
        ['debug', 'debug'],
      )
    })
  }
})
