import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, afterEach, before, describe, it } from 'node:test'
import { encodeSid } from '../../../../src/directory/index.ts'
import {
  LdapDirectory,
  type LdapOptions,
  type LdapPorts,
} from '../../../../src/directory/io/index.ts'
import { SallyportError } from '../../../../src/platform/index.ts'
import { systemClock } from '../../../../src/platform/io/index.ts'
import { DOMAIN_SID } from '../../../support/directory-entries.ts'
import {
  LDAP_CA,
  LdapServer,
  type LdapObject,
  type LdapQuery,
} from '../../../support/ldap-server.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const ALICE = 'CN=alice,CN=Users,DC=corp,DC=example'
const KEY = { by: 'sAMAccountName', value: 'alice' } as const

/** A domain with alice, in Domain Users. */
function domain({ base, scope }: LdapQuery): readonly LdapObject[] {
  if (base === '') return [{ dn: '', attributes: { defaultNamingContext: ['DC=corp,DC=example'] } }]
  if (scope === 0)
    return [{ dn: base, attributes: { tokenGroups: [encodeSid(`${DOMAIN_SID}-513`)] } }]
  const attributes = {
    sAMAccountName: ['alice'],
    userAccountControl: ['512'],
    objectSid: [encodeSid(`${DOMAIN_SID}-1104`)],
  }
  return [{ dn: ALICE, attributes }]
}

const open: LdapDirectory[] = []
const servers: LdapServer[] = []

async function server(names?: readonly string[]): Promise<LdapServer> {
  const started = await LdapServer.start(names)
  started.answer = domain
  servers.push(started)
  return started
}

function directory(
  options: Partial<LdapOptions> & Pick<LdapOptions, 'servers'>,
  ports: Partial<LdapPorts> = {},
) {
  const made = new LdapDirectory(
    { ca: LDAP_CA.certificatePem, retryAfterMs: 0, ...options },
    {
      clock: systemClock,
      logger: new MemoryLogger(),
      lookup: () => Promise.resolve(['127.0.0.1']),
      binder: {
        channelBinding: (der) => Buffer.concat([Buffer.from('cb:'), der.subarray(0, 4)]),
        bindToken: (name, binding) =>
          Promise.resolve(Buffer.from(`${name} ${Buffer.from(binding).toString('hex')}`)),
      },
      ...ports,
    },
  )
  open.push(made)
  return made
}

const at = (dc: LdapServer): string => `dc1.corp.example:${dc.port}`

// Timers of the product never hold the process, and while a peer is silent nothing else does.
let alive: NodeJS.Timeout | undefined
before(() => {
  alive = setInterval(() => undefined, 1000)
})
after(() => {
  clearInterval(alive)
})

afterEach(async () => {
  for (const each of open.splice(0)) each.close()
  await Promise.all(servers.splice(0).map((each) => each.stop()))
})

describe('LdapDirectory', () => {
  it('binds once, with a token for the server and its certificate, and keeps the connection', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)] })
    const account = await accounts.findAccount(KEY)
    await accounts.findAccount(KEY)
    assert.equal(account.sid, `${DOMAIN_SID}-1104`)
    assert.equal(account.realm, 'CORP.EXAMPLE')
    assert.equal(dc.connections, 1)
    assert.equal(dc.tokens.length, 1)
    assert.match(String(dc.tokens[0]), /^dc1\.corp\.example 63623a3082/)
  })

  it('connects once for many look-ups at the same time', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)] })
    await Promise.all(Array.from({ length: 20 }, () => accounts.findAccount(KEY)))
    assert.equal(dc.connections, 1)
  })

  it('reads answers that arrive octet by octet', async () => {
    const dc = await server()
    dc.dribble = true
    assert.equal((await directory({ servers: [at(dc)] }).findAccount(KEY)).sAMAccountName, 'alice')
  })

  it('connects anew after the connection was cut', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)] })
    await accounts.findAccount(KEY)
    dc.cut()
    await accounts.findAccount(KEY)
    assert.equal(dc.connections, 2)
  })

  it('binds anew when the bind has grown old', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)], maxBindAgeMs: 0 })
    await accounts.findAccount(KEY)
    assert.ok(dc.connections > 1)
    assert.equal(dc.tokens.length, dc.connections)
  })

  it('turns to the next server, and stays there', async () => {
    const dead = await server()
    const dc = await server()
    const deadAt = at(dead)
    await dead.stop()
    const accounts = directory({ servers: [deadAt, at(dc)] })
    await accounts.findAccount(KEY)
    dc.cut()
    await accounts.findAccount(KEY)
    assert.equal(dc.connections, 2)
  })

  it('turns to the next server at once where one hangs up while the token is made', async () => {
    const [rude, dc] = [await server(), await server()]
    const binder = {
      channelBinding: () => new Uint8Array(),
      bindToken: async () => {
        while (rude.connections === 0) await sleep(1)
        rude.cut()
        await sleep(50)
        return Buffer.from('token')
      },
    }
    const options = { servers: [at(rude), at(dc)], connectTimeoutMs: 600_000 }
    await directory(options, { binder }).findAccount(KEY)
    assert.deepEqual([rude.tokens.length, dc.tokens.length], [0, 1])
  })

  it('tries every address of a server', async () => {
    const dc = await server()
    const lookup = () => Promise.resolve(['127.0.0.2', '127.0.0.1'])
    assert.ok(await directory({ servers: [at(dc)] }, { lookup }).findAccount(KEY))
  })

  it('says that nobody answers, and works again when somebody does', async () => {
    const dc = await server()
    const { port } = dc
    const accounts = directory({ servers: [at(dc)] })
    await accounts.findAccount(KEY)
    await dc.stop()
    await assert.rejects(accounts.findAccount(KEY), { code: 'ERR_DIRECTORY_UNREACHABLE' })
    await dc.listen(port)
    assert.ok(await accounts.findAccount(KEY))
  })

  it('names the domain and each server where nobody answers, lets us in or can be trusted', async () => {
    const [dc, other] = [await server(), await server(['other.corp.example'])]
    const serves = { serves: 'corp.example' }
    const untrusted = directory({ servers: [at(other)], ...serves })
    await assert.rejects(untrusted.findAccount(KEY), /of corp\.example to be trusted: .*dc1\.corp/)
    dc.bindResult = 49
    const refused = directory({ servers: [at(dc)], ...serves })
    await assert.rejects(refused.findAccount(KEY), /of corp\.example lets us in: .*dc1\.corp/)
    dc.bindResult = 0
    dc.searchResult = 51
    const busy = directory({ servers: [at(dc)], ...serves })
    await assert.rejects(busy.findAccount(KEY), /the directory of corp\.example: dc1\.corp/)
    const gone = { servers: [at(dc), `dc2.corp.example:${dc.port}`] }
    await dc.stop()
    await assert.rejects(directory({ ...gone, ...serves }).findAccount(KEY), {
      code: 'ERR_DIRECTORY_UNREACHABLE',
      message: /^no directory server of corp\.example: dc1\.corp\S+: .+; dc2\.corp\S+: /,
    })
    const nameless = directory(gone).findAccount(KEY)
    await assert.rejects(nameless, /^DirectoryError: no directory server of dc1\.corp.*, dc2\.corp/)
  })

  it('remembers for a moment that nobody answered', async () => {
    const dc = await server()
    const address = at(dc)
    await dc.stop()
    let asked = 0
    const lookup = () => {
      asked += 1
      return Promise.resolve(['127.0.0.1'])
    }
    const accounts = directory({ servers: [address], retryAfterMs: 60_000 }, { lookup })
    await assert.rejects(accounts.findAccount(KEY), { code: 'ERR_DIRECTORY_UNREACHABLE' })
    await assert.rejects(accounts.findAccount(KEY), { code: 'ERR_DIRECTORY_UNREACHABLE' })
    assert.equal(asked, 1)
  })

  it('waits no longer than it may for a silent server', async () => {
    const dc = await server()
    dc.bindResult = undefined
    const slow = directory({ servers: [at(dc)], connectTimeoutMs: 50 })
    await assert.rejects(slow.findAccount(KEY), {
      code: 'ERR_DIRECTORY_UNREACHABLE',
      message: /connecting to dc1.corp.example took longer than 50 ms/,
    })
    dc.bindResult = 0
    dc.searchResult = undefined
    const silent = directory({ servers: [at(dc)], operationTimeoutMs: 100 })
    await assert.rejects(silent.findAccount(KEY), {
      code: 'ERR_DIRECTORY_UNREACHABLE',
      message: /the directory of dc1\.corp\.example:\d+/,
      mend: /port 636/,
    })
  })

  it('stops waiting when the caller does', async () => {
    const dc = await server()
    dc.searchResult = undefined
    const accounts = directory({ servers: [at(dc)] })
    const reason = new Error('enough')
    const gone = AbortSignal.abort(reason)
    await assert.rejects(accounts.findAccount(KEY, gone), reason)
    const going = new AbortController()
    const waiting = accounts.findAccount(KEY, going.signal)
    going.abort(reason)
    await assert.rejects(waiting, reason)
  })

  it('reports a refused bind with the server’s words', async () => {
    const dc = await server()
    dc.bindResult = 49
    dc.bindText = '80090346: LdapErr'
    await assert.rejects(directory({ servers: [at(dc)] }).findAccount(KEY), {
      code: 'ERR_DIRECTORY_REFUSED',
      message: /LDAP result 49 80090346: LdapErr$/,
      mend: /keytab is current/,
    })
  })

  it('tells a KDC that says no from one that says nothing', async () => {
    const dc = await server()
    const failing = (code: string) => ({
      channelBinding: () => new Uint8Array(),
      bindToken: () => Promise.reject(new SallyportError(code, 'the KDC')),
    })
    const refused = directory({ servers: [at(dc)] }, { binder: failing('ERR_KRB_PREAUTH_FAILED') })
    await assert.rejects(refused.findAccount(KEY), { code: 'ERR_DIRECTORY_REFUSED' })
    const silent = directory({ servers: [at(dc)] }, { binder: failing('ERR_KRB_KDC_UNREACHABLE') })
    await assert.rejects(silent.findAccount(KEY), { code: 'ERR_DIRECTORY_UNREACHABLE' })
  })

  it('refuses a certificate for another name, or of another authority, before a token is made', async () => {
    const other = await server(['other.corp.example'])
    await assert.rejects(directory({ servers: [at(other)] }).findAccount(KEY), {
      code: 'ERR_DIRECTORY_TLS',
      message: /altnames|Altnames|host/i,
    })
    const dc = await server()
    await assert.rejects(directory({ servers: [at(dc)], ca: undefined }).findAccount(KEY), {
      code: 'ERR_DIRECTORY_TLS',
    })
    assert.equal(other.tokens.length + dc.tokens.length, 0)
  })

  it('reports a refused search, and keeps the connection', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)] })
    await accounts.findAccount(KEY)
    dc.searchResult = 50
    await assert.rejects(accounts.findAccount(KEY), {
      code: 'ERR_DIRECTORY_REFUSED',
      message: /LDAP result 50/,
    })
    assert.equal(dc.connections, 1)
  })

  it('tries another connection when the server is busy', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)] })
    await accounts.findAccount(KEY)
    dc.searchResult = 51
    await assert.rejects(accounts.findAccount(KEY), {
      code: 'ERR_DIRECTORY_UNREACHABLE',
      mend: /port 636/,
    })
    assert.equal(dc.connections, 2)
  })

  it('cuts an answer that is longer than it may be', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)], maxReplyOctets: 10_000 })
    await accounts.findAccount(KEY)
    dc.answer = (query) => Array.from({ length: 500 }, () => domain(query)).flat()
    await assert.rejects(accounts.findAccount(KEY), {
      code: 'ERR_DIRECTORY_REPLY',
      message: /maxReplyOctets/,
    })
  })

  it('turns to a new connection when a kept one has fallen silent', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)], operationTimeoutMs: 8000 })
    await accounts.findAccount(KEY)
    dc.mute()
    assert.ok(await accounts.findAccount(KEY))
    assert.equal(dc.connections, 2)
  })

  it('takes a notice of disconnection for what it is', async () => {
    const dc = await server()
    dc.garbage = Buffer.from('300c02010078070a013404000400', 'hex')
    const accounts = directory({ servers: [at(dc)] })
    await assert.rejects(accounts.findAccount(KEY), { code: 'ERR_DIRECTORY_UNREACHABLE' })
  })

  const garbage = {
    'what is no LDAP': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    zeros: Buffer.alloc(100),
    'an endless length': Buffer.from('3084ffffffff', 'hex'),
    'an operation that nobody asked for': Buffer.from('30050201026500', 'hex'),
    'an entry cut short': Buffer.from('300c020102640704056162636465', 'hex'),
  }
  for (const [what, octets] of Object.entries(garbage)) {
    it(`survives ${what}`, async () => {
      const dc = await server()
      dc.garbage = octets
      // Some garbage is only ever noticed by the limit, which a busy machine must not meet with a good answer.
      const accounts = directory({ servers: [at(dc)], operationTimeoutMs: 1000 })
      await assert.rejects(accounts.findAccount(KEY), (error: Error & { code?: string }) => {
        return error.code?.startsWith('ERR_DIRECTORY_') === true
      })
      dc.garbage = undefined
      assert.ok(await accounts.findAccount(KEY))
    })
  }

  it('gets every group name where a server’s pages are shorter than the answer', async () => {
    const dc = await server()
    const groups = Array.from({ length: 7 }, (_, index) => `${DOMAIN_SID}-${2000 + index}`)
    dc.maxPageSize = 3
    dc.answer = (query) => {
      if (query.scope === 0 && query.base !== '') {
        return [{ dn: query.base, attributes: { tokenGroups: groups.map(encodeSid) } }]
      }
      if (!query.octets.includes(`${DOMAIN_SID}-2000`)) return domain(query)
      return groups.map((sid) => ({
        dn: `CN=${sid},DC=corp,DC=example`,
        attributes: { sAMAccountName: [`g${sid}`], objectSid: [encodeSid(sid)] },
      }))
    }
    const { memberOf } = await directory({ servers: [at(dc)] }).findAccount(KEY)
    assert.deepEqual(
      groups.filter((sid) => !memberOf.includes(`g${sid}`)),
      [],
    )
  })

  it('asks for octets as octets', async () => {
    const dc = await server()
    const guid = Buffer.from('33221100554477668899aabbccddeeff', 'hex')
    dc.answer = (query) =>
      domain(query).map((object) => {
        return { ...object, attributes: { ...object.attributes, objectGUID: [guid] } }
      })
    const value = '00112233-4455-6677-8899-aabbccddeeff'
    const key = { by: 'objectGUID', value } as const
    const account = await directory({ servers: [at(dc)] }).findAccount(key)
    assert.equal(account.objectGUID, value)
    assert.ok(dc.queries.some(({ octets }) => octets.includes(guid)))
  })

  it('asks nothing more once it is closed', async () => {
    const dc = await server()
    const accounts = directory({ servers: [at(dc)] })
    await accounts.findAccount(KEY)
    accounts.close()
    await assert.rejects(accounts.findAccount(KEY), { code: 'ERR_DIRECTORY_UNREACHABLE' })
  })

  it('refuses servers and bounds that make no sense', () => {
    for (const bad of [[], ['a b'], ['dc1:0'], ['ldaps://dc1']]) {
      assert.throws(() => directory({ servers: bad }), RangeError)
    }
    assert.throws(() => directory({ servers: ['dc1'], connectTimeoutMs: 0 }), RangeError)
  })
})
