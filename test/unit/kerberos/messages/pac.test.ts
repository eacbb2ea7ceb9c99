import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  checksum,
  generateKey,
  hmacMd5,
  verifyChecksum,
} from '../../../../src/kerberos/crypto/index.ts'
import { decodePac, type Pac } from '../../../../src/kerberos/messages/pac.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import { SallyportError } from '../../../../src/platform/index.ts'
import {
  encodePac,
  layOutPac,
  sidOctets,
  type PacContent,
  type PacSigner,
} from '../../../support/pac-writer.ts'

const PAC_USAGE = 17

/** Octets of a fixture whose origin is in fixtures/kerberos/README.md. */
function fixture(name: string): Buffer {
  const file = new URL(`../../../../fixtures/kerberos/${name}.hex`, import.meta.url)
  return Buffer.from(readFileSync(file, 'utf8').replaceAll(/\s/g, ''), 'hex')
}

const windowsPac = fixture('windows-2003-pac')
/** Published with the PAC: fixtures/kerberos/README.md. */
const windowsServerKey = {
  etype: 23,
  value: Buffer.from('d217faeae5e6b5f95ccc94077ab8a5fc', 'hex'),
}
const windowsKdcKey = {
  etype: 23,
  value: Buffer.from('b286757148af7fd252c53603a150b7e7', 'hex'),
}

const key = generateKey(18, systemRandom)
const signer: PacSigner = { type: 16, sign: (data) => checksum(key, PAC_USAGE, data) }
const signers = { server: signer, kdc: signer }

const withoutUpn: PacContent = {
  effectiveName: 'alice',
  logonDomainName: 'CORP',
  logonDomainSid: 'S-1-5-21-1111-2222-3333',
  userId: 1104,
  groupIds: [513, 1110],
  extraSids: ['S-1-18-2', 'S-1-5-21-9-8-7-512'],
  resourceGroups: { domainSid: 'S-1-5-21-4-5-6', groupIds: [1200] },
  userAccountControl: 0x10,
  authTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5),
}
const content: PacContent = {
  ...withoutUpn,
  upn: { name: 'alice@corp.example', dnsDomainName: 'CORP.EXAMPLE', extended: true },
}

function serverSignatureFits(pac: Pac, serverKey: { etype: number; value: Uint8Array }): boolean {
  const { type, mac } = pac.serverChecksum
  return verifyChecksum(serverKey, PAC_USAGE, type, pac.octetsForServerChecksum, mac)
}

function refused(octets: Uint8Array, message: RegExp): void {
  assert.throws(() => decodePac(octets), { code: 'ERR_KRB_DECODE', message })
}

describe('decodePac, a PAC of Windows Server 2003', () => {
  const pac = decodePac(windowsPac)

  it('reads account and groups', () => {
    const domain = 'S-1-5-21-3048156945-3961193616-3706469200'
    const { times, groups, ...account } = pac.logonInfo
    assert.deepEqual(account, {
      effectiveName: 'W2003FINAL$',
      fullName: '',
      logonServer: 'W2003FINAL',
      logonDomainName: 'WIN2K3THINK',
      logonDomainSid: domain,
      userSid: `${domain}-1005`,
      primaryGroupSid: `${domain}-516`,
      groupSids: [`${domain}-516`, 'S-1-5-9'],
      userAccountControl: 0x2100,
      userFlags: 0x20,
      logonCount: 101,
      badPasswordCount: 0,
    })
    assert.deepEqual(groups[1], { sid: 'S-1-5-9', attributes: 7, origin: 'extra' })
    assert.equal(times.logonMs, Date.UTC(2005, 5, 30, 8, 43, 32, 252))
    assert.equal(times.passwordMustChangeMs, undefined)
  })

  it('reads client name and authtime', () => {
    assert.deepEqual(pac.clientInfo, { authTimeMs: 1_120_440_609_000, name: 'w2003final$' })
    assert.equal(pac.upnDnsInfo, undefined)
    assert.equal(pac.ticketChecksum, undefined)
  })

  it('gives the octets that its server signature is over', () => {
    assert.equal(pac.serverChecksum.type, -138)
    assert.equal(serverSignatureFits(pac, windowsServerKey), true)
    assert.equal(serverSignatureFits(pac, windowsKdcKey), false)
  })

  it("finds the KDC's signature, which is over the server's", () => {
    const mac = hmacMd5(windowsKdcKey, PAC_USAGE, pac.serverChecksum.mac)
    assert.deepEqual(Buffer.from(mac), Buffer.from(pac.kdcChecksum.mac))
  })

  it('no longer fits its signature when any octet outside the signatures changes', () => {
    const macs = [pac.serverChecksum.mac, pac.kdcChecksum.mac].map(
      ({ byteOffset }) => byteOffset - windowsPac.byteOffset,
    )
    for (let at = 0; at < windowsPac.length; at++) {
      const changed = new Uint8Array(windowsPac)
      changed[at] = (changed[at] ?? 0) ^ 0x40
      const inSignature = macs.some((from) => at >= from && at < from + 16)
      const isKdcMac = at >= (macs[1] ?? 0) && inSignature
      try {
        const fits = serverSignatureFits(decodePac(changed), windowsServerKey)
        assert.equal(fits, isKdcMac, `octet ${at}`)
      } catch (error) {
        // ERR_KRB_ETYPE: the signature's type changed to one that does not go with this key.
        assert.ok(error instanceof SallyportError)
        assert.ok(['ERR_KRB_DECODE', 'ERR_KRB_ETYPE'].includes(error.code))
      }
    }
  })
})

describe('decodePac, PACs of Samba 4.22', () => {
  const domain = 'S-1-5-21-3849440942-1274837473-559897849'
  const keyOf = (octets: string) => ({ etype: 18, value: Buffer.from(octets, 'hex') })

  it('reads the PAC of a ticket that a user asked for', () => {
    const serviceKey = keyOf('7916fd04beb464b9440588da622c8543dfe7cee3471e769d986f2d697d2e0a41')
    const pac = decodePac(fixture('samba-4.22-pac'))
    assert.equal(pac.logonInfo.effectiveName, 'alice')
    assert.equal(pac.logonInfo.userSid, `${domain}-1103`)
    assert.deepEqual(pac.logonInfo.groupSids, [
      `${domain}-513`,
      `${domain}-1126`,
      `${domain}-1127`,
      'S-1-18-1',
      'S-1-5-21-0-0-0-497',
    ])
    assert.equal(pac.clientInfo.name, 'alice')
    assert.equal(pac.upnDnsInfo?.upn, 'alice@corp.example')
    assert.equal(serverSignatureFits(pac, serviceKey), true)
    assert.equal(pac.ticketChecksum?.mac.length, 12)
    assert.equal(pac.fullChecksum?.mac.length, 12)
  })

  it('reads the PAC of an S4U2Self ticket', () => {
    const serviceKey = keyOf('4a46f90fe3efa5004f6ce2e03d9df57ed082a325b939e044b028923dc1e9bb9f')
    const pac = decodePac(fixture('samba-4.22-s4u2self-pac'))
    assert.equal(pac.logonInfo.effectiveName, 'bob')
    assert.equal(pac.logonInfo.userSid, `${domain}-1104`)
    // S-1-18-2, service asserted identity: no one proved to the KDC to be bob (MS-SFU 3.2.5.1.2).
    assert.ok(pac.logonInfo.groupSids.includes('S-1-18-2'))
    assert.deepEqual(pac.upnDnsInfo, {
      upn: 'robert@contoso.test',
      dnsDomainName: 'CORP.EXAMPLE',
      upnIsMadeUp: false,
      samName: 'bob',
      sid: `${domain}-1104`,
    })
    assert.equal(serverSignatureFits(pac, serviceKey), true)
  })
})

describe('decodePac', () => {
  it('reads what the writer wrote', () => {
    const pac = decodePac(encodePac(content, signers))
    const groups = [
      { sid: 'S-1-5-21-1111-2222-3333-513', attributes: 7, origin: 'domain' },
      { sid: 'S-1-5-21-1111-2222-3333-1110', attributes: 7, origin: 'domain' },
      { sid: 'S-1-18-2', attributes: 7, origin: 'extra' },
      { sid: 'S-1-5-21-9-8-7-512', attributes: 7, origin: 'extra' },
      { sid: 'S-1-5-21-4-5-6-1200', attributes: 7, origin: 'resource' },
    ]
    assert.deepEqual(pac.logonInfo, {
      effectiveName: 'alice',
      fullName: '',
      logonServer: 'DC1',
      logonDomainName: 'CORP',
      logonDomainSid: 'S-1-5-21-1111-2222-3333',
      userSid: 'S-1-5-21-1111-2222-3333-1104',
      primaryGroupSid: 'S-1-5-21-1111-2222-3333-513',
      groupSids: groups.map(({ sid }) => sid),
      groups,
      userAccountControl: 0x10,
      userFlags: 0x20,
      logonCount: 1,
      badPasswordCount: 0,
      times: {
        logonMs: content.authTimeMs,
        logoffMs: undefined,
        kickOffMs: undefined,
        passwordSetMs: content.authTimeMs,
        passwordCanChangeMs: content.authTimeMs,
        passwordMustChangeMs: undefined,
      },
    })
    assert.deepEqual(pac.clientInfo, { authTimeMs: content.authTimeMs, name: 'alice' })
    assert.deepEqual(pac.upnDnsInfo, {
      upn: 'alice@corp.example',
      dnsDomainName: 'CORP.EXAMPLE',
      upnIsMadeUp: false,
      samName: 'alice',
      sid: 'S-1-5-21-1111-2222-3333-1104',
    })
    assert.equal(serverSignatureFits(pac, key), true)
  })

  it('takes the first extra SID for the account where UserId is 0', () => {
    const { logonInfo } = decodePac(
      encodePac({ ...content, userId: 0, extraSids: ['S-1-5-21-7-7-7-1', 'S-1-5-9'] }, signers),
    )
    assert.equal(logonInfo.userSid, 'S-1-5-21-7-7-7-1')
    assert.ok(!logonInfo.groupSids.includes('S-1-5-21-7-7-7-1'))
    assert.ok(logonInfo.groupSids.includes('S-1-5-9'))
    const { extraSids, ...without } = { ...content, userId: 0 }
    assert.equal(extraSids?.length, 2)
    refused(encodePac(without, signers), /neither UserId nor a SID/)
  })

  it('reads UPN_DNS_INFO of older KDCs, without name and SID', () => {
    const upn = { name: 'bob@corp.example', dnsDomainName: 'CORP.EXAMPLE', extended: false }
    assert.deepEqual(decodePac(encodePac({ ...content, upn }, signers)).upnDnsInfo, {
      upn: 'bob@corp.example',
      dnsDomainName: 'CORP.EXAMPLE',
      upnIsMadeUp: false,
    })
  })

  it('reads back names, SIDs and groups of any kind', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((value) => value.isWellFormed() && !value.includes('\0'))
    const relativeId = fc.integer({ min: 1, max: 0xffffffff })
    const sid = fc
      .tuple(fc.nat(2 ** 48 - 1), fc.array(fc.nat(0xffffffff), { maxLength: 15 }))
      .map(([authority, parts]) => ['S-1', authority, ...parts].join('-'))
    fc.assert(
      fc.property(
        fc.record({
          effectiveName: text,
          userId: relativeId,
          groupIds: fc.array(relativeId, { maxLength: 8 }),
          extraSids: fc.array(sid, { minLength: 1, maxLength: 5 }),
        }),
        ({ effectiveName, userId, groupIds, extraSids }) => {
          const written = { ...content, effectiveName, userId, groupIds, extraSids }
          const { logonInfo, upnDnsInfo } = decodePac(encodePac(written, signers))
          assert.equal(logonInfo.effectiveName, effectiveName)
          assert.equal(upnDnsInfo?.samName, effectiveName)
          assert.equal(logonInfo.userSid, `${content.logonDomainSid}-${userId}`)
          assert.deepEqual(logonInfo.groupSids, [
            ...groupIds.map((id) => `${content.logonDomainSid}-${id}`),
            ...extraSids,
            'S-1-5-21-4-5-6-1200',
          ])
        },
      ),
    )
  })
})

describe('decodePac, malformed', () => {
  const whole = encodePac(content, signers)

  it('refuses every prefix', () => {
    for (let at = 0; at < whole.length; at++) refused(whole.subarray(0, at), /PAC/)
  })

  it('gives a PAC or its own error for changed octets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const changed = new Uint8Array(whole)
          for (const [at, octet] of changes) changed[at] = octet
          try {
            decodePac(changed)
          } catch (error) {
            assert.ok(error instanceof SallyportError && error.code === 'ERR_KRB_DECODE')
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('refuses a count that promises more than there is, without allocating for it', () => {
    const changed = Buffer.from(whole)
    // GroupCount stands 184 octets into the logon information: 20 of headers, 48 of times, 48 of names, 4 and 8 of numbers.
    const at = changed.readUInt32LE(16) + 20 + 48 + 48 + 4 + 8
    assert.equal(changed.readUInt32LE(at), 2)
    changed.writeUInt32LE(0xffffffff, at)
    refused(changed, /elements announced/)
  })

  it('refuses groups that are announced and left out, and groups of no domain', () => {
    const start = Buffer.from(whole).readUInt32LE(16)
    const without = Buffer.from(whole)
    // Behind GroupCount: the pointer to GroupIds.
    without.writeUInt32LE(0, start + 132)
    refused(without, /2 elements announced, none follow/)
    const resourceGroups = { domainSid: 'S-1-5-21-7-8-9', groupIds: [1, 2, 3, 4] }
    const resource = encodePac({ ...content, extraSids: [], resourceGroups }, signers)
    decodePac(resource)
    const homeless = Buffer.from(resource)
    // ResourceGroupDomainSid; what stood behind it reads as four groups.
    homeless.writeUInt32LE(0, homeless.readUInt32LE(16) + 224)
    refused(homeless, /without ResourceGroupDomainSid/)
  })

  it('refuses a version, too many buffers, doubled, overlapping and misaligned ones', () => {
    const changed = (at: number, value: number) => {
      const copy = Buffer.from(whole)
      copy.writeUInt32LE(value, at)
      return copy
    }
    refused(changed(4, 1), /version/)
    refused(changed(0, 65), /65 buffers/)
    refused(changed(24, 1), /two buffers of type 1/)
    const first = whole.length
    refused(changed(16, 4), /misplaced/)
    refused(changed(32, changed(0, 5).readUInt32LE(16) + 8), /misplaced/)
    refused(changed(32, changed(0, 5).readUInt32LE(32) + 4), /misplaced|PAC/)
    refused(changed(36, 1), /64-bit/)
    refused(changed(12, first), /PAC/)
  })

  for (const [type, name] of [
    [1, 'logon information'],
    [10, 'client information'],
    [6, 'server signature'],
    [7, 'KDC signature'],
  ] as const) {
    it(`refuses a PAC without ${name}`, () => {
      const changed = Buffer.from(whole)
      const count = changed.readUInt32LE(0)
      for (let i = 0; i < count; i++) {
        const at = 8 + i * 16
        if (changed.readUInt32LE(at) === type) changed.writeUInt32LE(200, at)
      }
      refused(changed, new RegExp(`no ${name}`))
    })
  }

  it('refuses a PAC above the limit', () => {
    assert.throws(() => decodePac(whole, { maxOctets: whole.length - 1 }), {
      code: 'ERR_KRB_DECODE',
      message: /at most/,
    })
  })

  it('refuses a SID of the wrong revision or with 16 sub-authorities', () => {
    for (const broken of [
      [2, 1],
      [1, 16],
    ] as const) {
      const [revision, count] = broken
      const upn = Buffer.alloc(24 + 72)
      upn.writeUInt16LE(24, 2)
      upn.writeUInt16LE(24, 6)
      upn.writeUInt32LE(2, 8)
      upn.writeUInt16LE(24, 14)
      upn.writeUInt16LE(72, 16)
      upn.writeUInt16LE(24, 18)
      sidOctets('S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16').copy(upn, 24)
      upn[24] = revision
      upn[25] = count
      const others = [[12, upn]] as const
      refused(encodePac({ ...withoutUpn, others }, signers), /not a SID/)
    }
  })

  it('refuses an empty PAC', () => {
    refused(layOutPac([]).octets, /no server signature/)
  })
})
