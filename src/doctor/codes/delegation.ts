/**
 * Codes of delegation: what is missing, what is too much. `sallyport delegation` tells them too.
 *
 * @module
 */

/** Names, lists and descriptors. */
export const DELEGATION_CODES = {
  DOCTOR_DELEGATION_GRANTED: {
    outcome: 'pass',
    means: 'The connector may delegate to this service, and the name is on exactly one account.',
  },
  DOCTOR_OWN_SPN_MISSING: {
    outcome: 'fail',
    means:
      'The connector’s account has no service principal name. A KDC gives tickets in users’ names (S4U2Self) to services alone.',
    mend: 'Give it one, for example HOST/ and its DNS name.',
  },
  DOCTOR_PROTOCOL_TRANSITION_MISSING: {
    outcome: 'fail',
    means:
      'The connector’s account lacks TRUSTED_TO_AUTH_FOR_DELEGATION ("use any authentication protocol"). Users sign in by OpenID Connect, so tickets in their names come by protocol transition; without it they cannot be forwarded.',
    mend: 'Set the flag: samba-tool delegation for-any-protocol, or Set-ADAccountControl -TrustedToAuthForDelegation.',
  },
  DOCTOR_SPN_MISSING: {
    outcome: 'fail',
    means:
      'No account has the service principal name of the policy, nor the HOST name that would stand for it.',
    mend: 'Give the name to the account that the application runs as (setspn -S, samba-tool spn add), or correct the policy.',
  },
  DOCTOR_SPN_DUPLICATE: {
    outcome: 'fail',
    means:
      'Several accounts have the service principal name. A KDC gives no ticket for such a name, or one that the application cannot open.',
    mend: 'Take it from all accounts but the one that the application runs as.',
  },
  DOCTOR_SPN_ELSEWHERE: {
    outcome: 'warn',
    means:
      'The service is in another domain of the forest. Only resource-based delegation crosses domains, and it is granted there.',
    mend: 'Grant it in that domain, on the service’s account.',
  },
  DOCTOR_DELEGATION_MISSING: {
    outcome: 'fail',
    means:
      'Neither the connector’s own list (msDS-AllowedToDelegateTo) nor the service’s (msDS-AllowedToActOnBehalfOfOtherIdentity) lets the connector delegate to it.',
    mend: 'Grant one of the two; `sallyport delegation plan` prints the commands.',
  },
  DOCTOR_RBCD_GENERIC: {
    outcome: 'fail',
    means:
      'The service’s list names the connector with a generic right alone. KDCs do not translate generic rights and refuse.',
    mend: 'Replace the entry by one with full control, as samba-tool and Set-ADUser write it.',
  },
  DOCTOR_RBCD_INEFFECTIVE: {
    outcome: 'fail',
    means:
      'The service’s list names the connector in an entry that grants nothing to a KDC: for inheriting objects alone, for one property alone, or without control access.',
    mend: 'Replace the entry.',
  },
  DOCTOR_RBCD_DENIED: {
    outcome: 'fail',
    means: 'An entry of the service’s list denies the connector, or a group that it is in.',
    mend: 'Take the entry away, if it was not meant.',
  },
  DOCTOR_RBCD_MALFORMED: {
    outcome: 'fail',
    means: 'The service’s list is not a security descriptor; a KDC refuses.',
    mend: 'Write it anew.',
  },
  DOCTOR_RBCD_UNSUPPORTED: {
    outcome: 'fail',
    means:
      'The service’s list grants, but a domain controller of this age does no resource-based delegation.',
    mend: 'Use the connector’s own list, or newer domain controllers (Windows Server 2012, Samba 4.22).',
  },
  DOCTOR_RBCD_EVERYONE: {
    outcome: 'warn',
    means: 'The service’s list lets any account of the domain act for any user towards it.',
    mend: 'Name the connector alone.',
  },
  DOCTOR_UNCONSTRAINED: {
    outcome: 'warn',
    means:
      'The connector’s account is trusted for unconstrained delegation. Sallyport never needs it, and whoever has the account’s key could keep the tickets of all who visit it.',
    mend: 'End it.',
  },
  DOCTOR_DELEGATION_SUPERFLUOUS: {
    outcome: 'warn',
    means: 'The connector may do more than its policy needs. A thief of its key could too.',
    mend: 'Take the right away, or add the application to the policy.',
  },
} as const
