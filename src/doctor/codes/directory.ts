/**
 * Codes of the directory: controllers, the connector's account, keys.
 *
 * @module
 */

/** Controllers, account, keys. */
export const DIRECTORY_CODES = {
  DOCTOR_PORT_OPEN: { outcome: 'pass', means: 'The port of a domain controller answers.' },
  DOCTOR_PORT_CLOSED: {
    outcome: 'fail',
    means: 'A port that the connector needs does not answer.',
    mend: 'Let the connector’s host reach the domain controllers at 88 and 636 (TCP), and see that they run.',
  },
  DOCTOR_PORT_OPTIONAL_CLOSED: {
    outcome: 'warn',
    means:
      'A port that only some commands use does not answer: 464 (rotate-password, where no KDC proxy carries it) or 3269 (names in other domains of the forest).',
  },
  DOCTOR_OWN_TICKET_GOOD: {
    outcome: 'pass',
    means: 'A KDC gives the connector’s account a ticket.',
  },
  DOCTOR_OWN_TICKET_REFUSED: {
    outcome: 'fail',
    means: 'No KDC gives the connector’s account a ticket; the finding has the KDC’s reason.',
    mend: 'Enable or unlock the account, correct its name, or write the keytab anew; see kerberos-errors.md for the code.',
  },
  DOCTOR_BIND_GOOD: {
    outcome: 'pass',
    means: 'The directory lets the connector’s account in over LDAPS.',
  },
  DOCTOR_BIND_FAILED: {
    outcome: 'fail',
    means: 'No domain controller answers over LDAPS, or none lets the account in.',
    mend: 'Check directory.servers, directory.ca, port 636 and the SPN ldap/<name> of the domain controllers.',
  },
  DOCTOR_CONTROLLERS: {
    outcome: 'pass',
    means: 'The domain controllers, sites and functional level that the directory has.',
  },
  DOCTOR_ONLY_READ_ONLY: {
    outcome: 'warn',
    means:
      'Only read-only domain controllers are named. They act for users only as far as they hold keys, and Samba’s do not.',
    mend: 'Name a writable one as well.',
  },
  DOCTOR_TRUSTS: { outcome: 'pass', means: 'A trust, or that there is none.' },
  DOCTOR_TRUST_SELECTIVE: {
    outcome: 'warn',
    means:
      'A trust with selective authentication: users of that domain get tickets only for servers on which they are "allowed to authenticate".',
    mend: 'Grant "Allowed to authenticate" on the accounts of connector and services, where users of that domain are to come.',
  },
  DOCTOR_TRUST_MISSING: {
    outcome: 'warn',
    means:
      'A domain in which connector.yaml looks users up has no trust with the connector’s own: no ticket can be had for them.',
    mend: 'Make a trust both ways (samba-tool domain trust create, or Active Directory Domains and Trusts), or take the domain out of directories.',
  },
  DOCTOR_TRUST_NOT_DELEGABLE: {
    outcome: 'warn',
    means:
      'Users of a trusted domain that connector.yaml names cannot be acted for: S4U2Self needs a trust both ways, and Samba’s KDC refuses it for users of any other domain.',
    mend: 'Let these users sign in with tickets of their own (frontEndKerberos with their realm in realms), or give them accounts in the connector’s domain; where the trust goes one way only, make it go both ways. See native-notes/login-identity.md.',
  },
  DOCTOR_OTHER_DIRECTORY_GOOD: {
    outcome: 'pass',
    means: 'A directory beside the connector’s own domain lets the connector in.',
  },
  DOCTOR_OTHER_DIRECTORY_FAILED: {
    outcome: 'fail',
    means:
      'A directory beside the connector’s own domain does not answer, or does not let the connector in: its users are refused, and so are logins of which nobody knows where they belong.',
    mend: 'Check its servers, ca and bind under directories in connector.yaml, and port 636 (3269 of a global catalog).',
  },
  DOCTOR_OWN_ACCOUNT_GOOD: {
    outcome: 'pass',
    means: 'The connector’s account is found, enabled and has not ended.',
  },
  DOCTOR_OWN_ACCOUNT_MISSING: {
    outcome: 'fail',
    means: 'The domain has no account of the name in kerberos.principal.',
    mend: 'Correct kerberos.principal (the sAMAccountName, a computer’s with $ at its end), or make the account.',
  },
  DOCTOR_OWN_ACCOUNT_STANDING: {
    outcome: 'fail',
    means: 'The connector’s account is disabled, locked or has expired.',
    mend: 'Enable or unlock it, or let it not end.',
  },
  DOCTOR_OWN_ACCOUNT_WITHOUT_PAC: {
    outcome: 'fail',
    means:
      'Tickets for the connector’s account come without a PAC, so it cannot be seen whose they are; Sallyport refuses them.',
    mend: 'Take NO_AUTH_DATA_REQUIRED from the account.',
  },
  DOCTOR_KEYTAB_GOOD: {
    outcome: 'pass',
    means: 'The keytab has the account’s present key version and AES keys.',
  },
  DOCTOR_KEYTAB_STALE: {
    outcome: 'fail',
    means:
      'The keytab lacks the key version that the directory has: tickets in users’ names cannot be opened.',
    mend: 'Write the keytab anew.',
  },
  DOCTOR_KEYTAB_WITHOUT_AES: {
    outcome: 'fail',
    means: 'The keytab holds no AES key of the account.',
    mend: 'Allow AES for the account, set its password anew, write the keytab again.',
  },
  DOCTOR_ENCRYPTION_GOOD: {
    outcome: 'pass',
    means: 'Tickets for this account may be under AES keys.',
  },
  DOCTOR_ENCRYPTION_DEFAULT: {
    outcome: 'warn',
    means:
      'The attribute msDS-SupportedEncryptionTypes says nothing about keys, so the domain controller’s default counts: RC4 with Samba and with Windows before 2026.',
    mend: 'Set it to 24 (AES-128 and AES-256).',
  },
  DOCTOR_WITHOUT_AES: {
    outcome: 'fail',
    means:
      'The attribute msDS-SupportedEncryptionTypes allows RC4 or DES alone for the connector’s or a service’s account. Sallyport refuses such tickets.',
    mend: 'Set it to 24; where the password is older than the domain’s AES keys set it anew, and write the keytab again.',
  },
  DOCTOR_DES_ONLY: {
    outcome: 'fail',
    means: 'The account is for DES keys alone.',
    mend: 'Take USE_DES_KEY_ONLY away and set the password anew.',
  },
  DOCTOR_PASSWORD_BEFORE_AES: {
    outcome: 'fail',
    means: 'The account’s password is older than the domain’s AES keys, so it has RC4 keys alone.',
    mend: 'Set the password anew, and write the keytab again.',
  },
  DOCTOR_SERVICE_ACCOUNT_STANDING: {
    outcome: 'fail',
    means: 'The account of an application is disabled or has expired: KDCs give no tickets for it.',
    mend: 'Enable it, or let it not end.',
  },
  DOCTOR_KRBTGT_GOOD: { outcome: 'pass', means: 'The account krbtgt is not marked as sensitive.' },
  DOCTOR_KRBTGT_UNKNOWN: { outcome: 'warn', means: 'The account krbtgt may not be read.' },
  DOCTOR_KRBTGT_SENSITIVE: {
    outcome: 'fail',
    means:
      'The account krbtgt is marked "sensitive and cannot be delegated", so no ticket can be forwarded in the whole domain.',
    mend: 'Take the mark away.',
  },
  DOCTOR_GROUPS_READABLE: {
    outcome: 'pass',
    means: 'The connector may read users’ group memberships (tokenGroups).',
  },
  DOCTOR_GROUPS_UNREADABLE: {
    outcome: 'fail',
    means:
      'The connector may not read tokenGroups, so it cannot know Protected Users and privileged groups, and refuses every user.',
    mend: 'Put its account into "Windows Authorization Access Group".',
  },
  DOCTOR_GROUPS_UNKNOWN: {
    outcome: 'fail',
    means:
      'Whether the connector may read tokenGroups was not found out: the server fell silent, or its answer makes no sense.',
    mend: 'See the reason; ask again once the directory answers.',
  },
} as const
