/** Domain controllers that are down, far or not what they seem. */

import type { Configuration } from '../../../docker/demo/configuration.ts'
import { NameServer } from '../../support/name-server.ts'
import type { Edits, MatrixCase, Server } from '../case.ts'
import { Wire } from '../servers/forward.ts'
import type { Place } from '../world/place.ts'

const KDC = 88
const LDAPS = 636
/** What a connector asks of a controller: KDC, LDAP pings, passwords, LDAPS. */
const PORTS = [KDC, 389, 464, LDAPS]

function section(config: Configuration, name: string): Configuration {
  return config[name] as Configuration
}

/** A wire to the lab's controller, and a name server that leads its name to the wire. */
class WiredController implements Server {
  wire: Wire | undefined
  names: NameServer | undefined

  readonly lay = async ({ lab, host, apacheAddress, address }: Place): Promise<Server> => {
    this.wire = await Wire.lay(address(60), lab.env.dnsServer, PORTS)
    this.names = await NameServer.start()
    this.names.records.set('dc1.corp.example', [{ address: address(60), ttl: 1 }])
    this.names.records.set(host, [{ address: apacheAddress, ttl: 1 }])
    return this
  }

  readonly configure: Edits = {
    connector: (config, { address }) => {
      config['dns'] = { servers: [this.names?.address] }
      section(config, 'kerberos')['kdcs'] = [address(60)]
    },
  }

  async stop(): Promise<void> {
    await this.wire?.stop()
    await this.names?.stop()
  }
}

function downCase(
  ports: readonly number[],
  fields: Pick<MatrixCase, 'id' | 'name' | 'code' | 'doctor'>,
): MatrixCase {
  const controller = new WiredController()
  const [advice = ''] = fields.doctor
  return {
    ...fields,
    connector: {},
    serve: controller.lay,
    configure: controller.configure,
    breakIt: async () => controller.wire?.cut(...ports),
    mend: {
      advice,
      says: /./,
      apply: async () => controller.wire?.mend(...ports),
    },
  }
}

export const CONTROLLER_CASES: readonly MatrixCase[] = [
  downCase(PORTS, {
    id: 'dc-down',
    name: 'no domain controller answers',
    code: 'ERR_DIRECTORY_UNREACHABLE',
    doctor: ['DOCTOR_PORT_CLOSED'],
  }),
  downCase([KDC], {
    id: 'kdc-down',
    name: 'the KDC is down, LDAP is up',
    code: 'ERR_KRB_KDC_UNREACHABLE',
    doctor: ['DOCTOR_PORT_CLOSED'],
  }),
  downCase([LDAPS], {
    id: 'ldap-down',
    name: 'LDAP is down, the KDC is up',
    code: 'ERR_DIRECTORY_UNREACHABLE',
    doctor: ['DOCTOR_PORT_CLOSED'],
  }),
  {
    id: 'ldap-ca',
    name: 'the directory’s certificate is of another authority than directory.ca',
    connector: {},
    edits: {
      connector: (config, { caFile }) => {
        section(config, 'directory')['ca'] = caFile
      },
    },
    code: 'ERR_DIRECTORY_TLS',
    doctor: ['DOCTOR_BIND_FAILED'],
    mend: { setting: 'DOCTOR_BIND_FAILED', says: /directory\.ca|ca:/ },
  },
  {
    id: 'jwks-down',
    name: 'the issuer’s keys cannot be fetched',
    connector: {},
    edits: {
      policy: (policy, { address }) => {
        const [issuer] = policy['issuers'] as Configuration[]
        Object.assign(issuer ?? {}, { jwksUrl: `https://${address(99)}/jwks` })
      },
    },
    code: 'ERR_SSO_KEYS_UNREACHABLE',
    doctor: ['DOCTOR_ISSUER_KEYS_UNREACHABLE'],
    mend: { setting: 'DOCTOR_ISSUER_KEYS_UNREACHABLE', says: /jwksUrl: https:.*99\/jwks/ },
  },
  {
    id: 'issuer',
    name: 'the policy does not know the issuer',
    connector: {},
    edits: {
      policy: (policy) => {
        const [issuer] = policy['issuers'] as Configuration[]
        Object.assign(issuer ?? {}, { issuer: 'https://login.elsewhere.example' })
      },
    },
    code: 'ERR_SSO_ISSUER_UNKNOWN',
    doctor: ['DOCTOR_ISSUER_UNKNOWN'],
    mend: { setting: 'DOCTOR_ISSUER_UNKNOWN', says: /- issuer: https:\/\/(?!login\.elsewhere)/ },
  },
  {
    id: 'audience',
    name: 'the policy expects ID tokens for another audience',
    connector: {},
    edits: {
      policy: (policy) => {
        const [issuer] = policy['issuers'] as Configuration[]
        Object.assign(issuer ?? {}, { audience: 'another-client' })
      },
    },
    code: 'ERR_SSO_PROOF_AUDIENCE',
    doctor: ['DOCTOR_ISSUER_AUDIENCE'],
    mend: { setting: 'DOCTOR_ISSUER_AUDIENCE', says: /"audience: (?!another-client)/ },
  },
]
