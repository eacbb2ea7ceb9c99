/**
 * Codes of the sign-in.
 *
 * @module
 */

/** Issuers, their keys, and the gateway's client id. */
export const ISSUER_CODES = {
  DOCTOR_ISSUER_KEYS: {
    outcome: 'pass',
    means:
      'The issuer’s keys can be had as the connector has them (forward proxy included), and fit an algorithm that the policy lists.',
  },
  DOCTOR_ISSUER_KEYS_UNREACHABLE: {
    outcome: 'fail',
    means:
      'The issuer’s keys cannot be had: every sign-in is refused with ERR_SSO_KEYS_UNREACHABLE.',
    mend: 'Correct jwksUrl and ca of the issuer in policy.yaml; let this host reach it, or name the forward proxy under issuerKeys in connector.yaml.',
  },
  DOCTOR_ISSUER_KEYS_UNFIT: {
    outcome: 'fail',
    means:
      'None of the issuer’s keys is for an algorithm that the policy lists: every sign-in is refused with ERR_SSO_PROOF_INVALID.',
    mend: 'List the provider’s algorithm under algorithms of the issuer in policy.yaml.',
  },
  DOCTOR_ISSUER_REALMS: {
    outcome: 'pass',
    means:
      'The policy says whose accounts the issuer may assert, as it should with several domains.',
  },
  DOCTOR_ISSUER_WITHOUT_REALMS: {
    outcome: 'warn',
    means:
      'Users are looked up in several domains, and the policy lists no realms for an issuer: suffixes of user principal names alone limit whom it may assert, and who administers a domain can give any suffix to its accounts.',
    mend: 'List under realms of the issuer, in policy.yaml, the domains whose people it knows.',
  },
  DOCTOR_ISSUER_GATEWAY: {
    outcome: 'pass',
    means: 'The policy lists the gateway’s provider, with the gateway’s client id.',
  },
  DOCTOR_ISSUER_UNKNOWN: {
    outcome: 'fail',
    means:
      'People sign in at the gateway with a provider that the policy does not list: every sign-in is refused with ERR_SSO_ISSUER_UNKNOWN.',
    mend: 'Correct issuer in policy.yaml, letter by letter, a final / included; or oidc.issuer in gateway.yaml.',
  },
  DOCTOR_ISSUER_AUDIENCE: {
    outcome: 'fail',
    means:
      'The policy expects ID tokens for another client than the gateway is at the provider: they are refused with ERR_SSO_PROOF_AUDIENCE.',
    mend: 'Set audience (and authorizedParty, where it is set) of the issuer in policy.yaml to oidc.clientId of gateway.yaml.',
  },
} as const
