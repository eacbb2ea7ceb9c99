/** What the connector's policy does not let through, and what the gateway's configuration has wrong. */

import type { Configuration } from '../../../docker/demo/configuration.ts'
import type { MatrixCase } from '../case.ts'
import { dnsNode } from '../world/ldif.ts'
import type { Place } from '../world/place.ts'

/** The case's row in policy.yaml. */
function rowOf(policy: Configuration, { origin }: Place): Configuration {
  const row = (policy['backends'] as Configuration[]).find((each) => each['origin'] === origin)
  if (row === undefined) throw new Error(`no row for ${origin}`)
  return row
}

const METADATA = 'http://169.254.169.254'

export const POLICY_CASES: readonly MatrixCase[] = [
  {
    id: 'not-in-policy',
    name: 'the policy has no row for the backend',
    spares: 'connector',
    connector: {},
    edits: {
      policy: (policy, { origin }) => {
        const rows = policy['backends'] as Configuration[]
        policy['backends'] = rows.filter((row) => row['origin'] !== origin)
      },
    },
    code: 'ERR_SSO_POLICY_DENIED',
    doctor: ['DOCTOR_APP_NOT_IN_POLICY'],
    mend: { setting: 'DOCTOR_APP_NOT_IN_POLICY', says: /origin:.*not-in-policy/s },
  },
  {
    id: 'spn-pair',
    name: 'the policy pairs the backend with another SPN than the app',
    spares: 'connector',
    connector: {},
    edits: {
      policy: (policy, place) => {
        rowOf(policy, place)['servicePrincipalName'] = 'HTTP/elsewhere.corp.example'
      },
    },
    code: 'ERR_SSO_POLICY_DENIED',
    doctor: ['DOCTOR_APP_SPN_MISMATCH'],
    mend: { row: 'DOCTOR_APP_SPN_MISMATCH' },
  },
  {
    id: 'passthrough',
    name: 'the app is passthrough, and the policy wants a sign-in',
    spares: 'connector',
    connector: {},
    user: 'alice',
    app: () => ({ preAuthentication: 'passthrough', singleSignOn: 'none', allow: {} }),
    row: () => ({ servicePrincipalName: undefined, preAuthentication: 'passthrough' }),
    service: null,
    site: ({ host }) =>
      `<VirtualHost \${LAB_BACKEND_ADDRESS}:80>\n  ServerName ${host}\n</VirtualHost>\n`,
    anonymous: true,
    edits: {
      policy: (policy, place) => {
        rowOf(policy, place)['preAuthentication'] = 'oidc'
      },
    },
    code: 'ERR_SSO_POLICY_DENIED',
    doctor: ['DOCTOR_APP_PASSTHROUGH'],
    mend: { row: 'DOCTOR_APP_PASSTHROUGH' },
  },
  {
    id: 'address',
    name: 'the backend’s address is outside the networks of its row',
    spares: 'connector',
    connector: {},
    edits: {
      policy: (policy, place) => {
        rowOf(policy, place)['addresses'] = ['10.0.0.0/8']
      },
    },
    code: 'ERR_BACKEND_ADDRESS_REFUSED',
    doctor: ['DOCTOR_APP_ADDRESS_REFUSED'],
    mend: { row: 'DOCTOR_APP_ADDRESS_REFUSED' },
  },
  {
    id: 'metadata',
    name: 'the backend’s name leads to a cloud’s metadata service',
    spares: 'connector',
    connector: {},
    dns: () => '169.254.169.254',
    edits: {
      policy: (policy, place) => {
        delete rowOf(policy, place)['addresses']
      },
    },
    code: 'ERR_BACKEND_ADDRESS_REFUSED',
    doctor: ['DOCTOR_APP_ADDRESS_REFUSED'],
    mend: {
      advice: 'DOCTOR_APP_ADDRESS_REFUSED',
      says: /169\.254\.169\.254|DNS/,
      apply: async ({ directory, id, apacheAddress }) => {
        await directory.replaceName(dnsNode(id, apacheAddress))
      },
    },
  },
  {
    id: 'loopback',
    name: 'the backend is a loopback address, and its row lists no networks',
    connector: {},
    spares: 'connector',
    app: ({ address }) => ({ internalUrl: `http://${address(78)}/` }),
    row: ({ address }) => ({ origin: `http://${address(78)}`, addresses: undefined }),
    site: ({ id, address }) => `Listen ${address(78)}:80
<VirtualHost ${address(78)}:80>
  ServerName ${address(78)}
  Use Negotiate ${id} Off
</VirtualHost>
`,
    code: 'ERR_BACKEND_ADDRESS_REFUSED',
    doctor: ['DOCTOR_APP_ADDRESS_REFUSED'],
    mend: { row: 'DOCTOR_APP_ADDRESS_REFUSED' },
  },
  {
    id: 'link-local',
    name: 'the backend is the link-local address of a cloud’s metadata service',
    connector: {},
    spares: 'connector',
    app: () => ({ internalUrl: `${METADATA}/` }),
    row: () => ({ origin: METADATA, addresses: undefined }),
    configure: {
      policy: (policy, { origin, spn, apacheAddress }) => {
        const row = { origin, servicePrincipalName: spn, addresses: [`${apacheAddress}/32`] }
        ;(policy['backends'] as Configuration[]).push(row)
      },
    },
    code: 'ERR_BACKEND_ADDRESS_REFUSED',
    doctor: ['DOCTOR_APP_ADDRESS_REFUSED'],
    mend: {
      advice: 'DOCTOR_APP_ADDRESS_REFUSED',
      says: /if it is right; else correct/,
      apply: ({ gateway, id, origin }) => gateway.change(id, { internalUrl: `${origin}/` }),
    },
  },
  {
    id: 'no-group',
    name: 'no connector is in the app’s connector group',
    app: () => ({ connectorGroup: 'nobody' }),
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_APP_OTHER_GROUP'],
    mend: {
      setting: 'DOCTOR_APP_OTHER_GROUP',
      says: /connectorGroup/,
      apply: ({ gateway, id }) => gateway.change(id, { connectorGroup: 'shared' }),
    },
  },
  {
    id: 'app-spn',
    name: 'the app names another SPN than the policy’s row',
    app: () => ({ servicePrincipalName: 'HTTP/steady.corp.example' }),
    code: 'ERR_SSO_POLICY_DENIED',
    doctor: ['DOCTOR_APP_SPN_MISMATCH'],
    mend: {
      setting: 'DOCTOR_APP_SPN_MISMATCH',
      says: /servicePrincipalName/,
      apply: ({ gateway, id, spn }) => gateway.change(id, { servicePrincipalName: spn }),
    },
  },
  {
    id: 'revoked',
    name: 'the connector has been revoked',
    connector: {},
    breakIt: async ({ gateway, own }) => {
      await gateway.admin('connectors', 'revoke', own.registration.id)
      await own.said(/ERR_TUNNEL|revoked/)
    },
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_TUNNEL_REVOKED'],
    mend: {
      advice: 'DOCTOR_TUNNEL_REVOKED',
      says: /connector register/,
      apply: async ({ own, gateway }) => {
        await own.registerAnew(gateway)
        await own.restart()
      },
    },
  },
  {
    id: 'gateway-away',
    name: 'the connector cannot reach the gateway',
    connector: {},
    breakIt: ({ own, address }) => {
      own.lookFor(`${address(98)}:8444`)
      return Promise.resolve()
    },
    startsAgain: true,
    startSays: /the gateway cannot be reached/,
    code: 'ERR_GATEWAY_NO_CONNECTOR',
    doctor: ['DOCTOR_TUNNEL_UNREACHABLE'],
    mend: {
      advice: 'DOCTOR_TUNNEL_UNREACHABLE',
      says: /./,
      apply: ({ own, gateway }) => {
        own.lookFor(`127.0.0.1:${gateway.places.tunnelPort}`)
        return Promise.resolve()
      },
    },
  },
]
