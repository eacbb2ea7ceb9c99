import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { settingsFor } from '../../../src/sso/large-tokens.ts'
import { createStage, type Stage } from '../../support/sso/stage.ts'

describe('large tokens', () => {
  let stage: Stage | undefined
  afterEach(() => stage?.close())
  /** Tokens of the stage have some 300 octets of ticket; their fields are made large by the setting alone. */
  const open = async (status: number, proof = false): Promise<Stage> => {
    stage = await createStage({ limits: { largeTokenOctets: 10, largeTokenWarningMs: 3_600_000 } })
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(status, proof ? { 'WWW-Authenticate': 'Negotiate' } : {}).end('no')
      return true
    }
    return stage
  }
  const warnings = ({ logger }: Stage) =>
    logger.lines.filter(({ level, message }) => level === 'warn' && message.includes('large'))

  for (const status of [400, 413, 431]) {
    it(`tells a refused size (${status}) by its own code, with the settings to raise`, async () => {
      const here = await open(status)
      const outcome = await here.ask({ proof: await here.proof('alice') })
      assert.deepEqual([outcome.code, outcome.body.length], ['ERR_SSO_TOKEN_TOO_LARGE', 0])
      const refused = here.logger.lines.find(({ message }) => message === 'request refused')
      for (const name of [
        'MaxFieldLength=',
        'MaxRequestBytes=',
        'LimitRequestFieldSize',
        'large_client_header_buffers',
      ])
        assert.match(String(refused?.fields['mend']), new RegExp(name))
    })
  }

  it("passes an application's own 400: where the size was taken before, and where the token was read", async () => {
    const here = await open(200)
    const proof = await here.proof('alice')
    assert.equal((await here.ask({ proof })).status, 200)
    here.backend.mood = (_arrival, _request, response) => {
      response.writeHead(400).end('a field is missing')
      return true
    }
    assert.equal((await here.ask({ proof })).status, 400)
    await here.close()
    const read = await open(400, true)
    assert.equal((await read.ask({ proof: await read.proof('alice') })).status, 400)
  })

  it('passes every other status, and 400 to a small token', async () => {
    const here = await open(404)
    assert.equal((await here.ask({ proof: await here.proof('alice') })).status, 404)
    await here.close()
    stage = await createStage()
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(400).end()
      return true
    }
    assert.equal((await stage.ask({ proof: await stage.proof('alice') })).status, 400)
  })

  it('warns once an hour for a user, and measures', async () => {
    const here = await open(200)
    const [alice, bob] = [
      await here.proof('alice', { exp: 4_000_000_000 }),
      await here.proof('bob', { exp: 4_000_000_000 }),
    ]
    for (const proof of [alice, alice, bob]) await here.ask({ proof })
    assert.deepEqual(
      warnings(here).map(({ fields }) => fields['user']),
      ['alice', 'bob'],
    )
    await here.clock.advance(3_600_000)
    await here.ask({ proof: alice })
    assert.equal(warnings(here).length, 3)
    const [sizes] = here.pipeline.counters.tokenSizes
    assert.ok(sizes)
    assert.equal(sizes.app, 'intranet')
    assert.ok(sizes.last > 100 && sizes.largest >= sizes.last && sizes.accepted === sizes.largest)
  })

  it('names values that hold the field, and the end of what IIS can do', () => {
    assert.match(settingsFor(16_000), /MaxFieldLength=20480 and MaxRequestBytes=36864/)
    assert.match(settingsFor(16_000), /LimitRequestFieldSize 20480 .*buffers 4 20k/)
    assert.match(settingsFor(60_000), /MaxFieldLength=65534/)
    assert.match(settingsFor(70_000), /IIS takes no field above 65534/)
  })

  it('keeps the sizes of so many apps, and so many warnings, as the settings say', async () => {
    const limits = { largeTokenOctets: 10, largeTokenApps: 1, largeTokenWarnings: 1 }
    const here = (stage = await createStage({ limits }))
    const [alice, bob] = [await here.proof('alice'), await here.proof('bob')]
    const other = { ...here.app, id: 'other' }
    for (const proof of [alice, bob, alice]) await here.ask({ proof })
    assert.equal(warnings(here).length, 3, "bob's warning pushed alice's out")
    await here.ask({ proof: alice, app: other })
    assert.deepEqual(
      here.pipeline.counters.tokenSizes.map(({ app }) => app),
      ['other'],
    )
  })
})
