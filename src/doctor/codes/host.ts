/**
 * Codes of the connector's own host.
 *
 * @module
 */

/** What is found on the host. */
export const HOST_CODES = {
  DOCTOR_VERSIONS: {
    outcome: 'pass',
    means: 'Node, OpenSSL and Sallyport, and that this Node is one that Sallyport is made for.',
  },
  DOCTOR_NODE_TOO_OLD: {
    outcome: 'fail',
    means: 'This Node is older than Sallyport needs.',
    mend: 'Install the Node that the message names.',
  },
  DOCTOR_FILE_GOOD: {
    outcome: 'pass',
    means: 'The file or directory is there, can be read, and nobody else can.',
  },
  DOCTOR_FILE_MISSING: {
    outcome: 'fail',
    means: 'A file or directory that the configuration names is not there.',
    mend: 'Correct the path in connector.yaml, or create the file.',
  },
  DOCTOR_FILE_UNREADABLE: {
    outcome: 'fail',
    means: 'A file that the configuration names cannot be read by the user that doctor runs as.',
    mend: 'Run doctor as the user that the connector runs as; make that user the owner of the file.',
  },
  DOCTOR_FILE_EXPOSED: {
    outcome: 'fail',
    means:
      'A keytab, password or private key can be read or changed by others on this host. Who reads a keytab can act as the connector, and so for its users.',
    mend: 'Take the rights away, and change the key if others may have read it.',
  },
  DOCTOR_FILE_GROUP_READABLE: {
    outcome: 'warn',
    means:
      'A keytab, password or private key can be read by a group. That is well where the group holds nobody but the connector.',
    mend: 'See who is in the group, or take the right away.',
  },
  DOCTOR_FILE_WRITABLE: {
    outcome: 'warn',
    means:
      'A configuration file can be changed by others on this host. Who changes the policy decides where tickets go.',
    mend: 'Take the right to write away from group and others.',
  },
  DOCTOR_CLOCK_GOOD: {
    outcome: 'pass',
    means: 'This host’s clock agrees with the KDC’s, which its protected reply told.',
  },
  DOCTOR_CLOCK_OFF: {
    outcome: 'warn',
    means: 'This host’s clock differs from the KDC’s, but not by so much that Kerberos fails.',
    mend: 'Let chrony or systemd-timesyncd take the time from the domain controllers.',
  },
  DOCTOR_CLOCK_WRONG: {
    outcome: 'fail',
    means:
      'This host’s clock differs from the KDC’s by more than the five minutes that Kerberos allows (RFC 4120 section 1.3). The connector makes up for it where it may; backends may refuse its tokens.',
    mend: 'Let chrony or systemd-timesyncd take the time from the domain controllers.',
  },
  DOCTOR_CLOCK_UNKNOWN: {
    outcome: 'warn',
    means: 'The KDC’s time is not known, because it gave no ticket; the finding says why.',
    mend: 'Mend what the finding names, then run doctor again.',
  },
  DOCTOR_NAME_RESOLVES: {
    outcome: 'pass',
    means: 'A domain controller’s name has an address, and the address leads back to the name.',
  },
  DOCTOR_NAME_NO_ADDRESS: {
    outcome: 'fail',
    means: 'A KDC or domain controller that the configuration names has no address in the DNS.',
    mend: 'Correct the name, or dns.servers in connector.yaml.',
  },
  DOCTOR_NAME_NO_PTR: {
    outcome: 'warn',
    means:
      'A domain controller’s address leads back to no name, or to another one. Sallyport does not need it; other Kerberos software on this host (MIT with rdns) asks for tickets of the name that it finds there.',
    mend: 'Add the PTR record, or set rdns = false in krb5.conf for other software.',
  },
  DOCTOR_SRV_FOUND: {
    outcome: 'pass',
    means: 'The DNS names the realm’s KDCs (SRV records of _kerberos._tcp).',
  },
  DOCTOR_SRV_MISSING: {
    outcome: 'fail',
    means: 'The DNS names no KDC of the realm, and the configuration lists none.',
    mend: 'Set dns.servers in connector.yaml to the domain’s name servers, or list the KDCs under kerberos.kdcs.',
  },
  DOCTOR_SRV_MISSING_BUT_LISTED: {
    outcome: 'warn',
    means:
      'The DNS names no KDC of the realm. The configuration lists some, so that the connector does not need it.',
    mend: 'Set dns.servers in connector.yaml to the domain’s name servers.',
  },
  DOCTOR_FIPS_OFF: {
    outcome: 'pass',
    means: 'OpenSSL is not in FIPS mode and has MD5, which two fields of the protocol need.',
  },
  DOCTOR_FIPS_READY: {
    outcome: 'pass',
    means: 'OpenSSL has no MD5, and the configuration allows the protocol’s own two uses of it.',
  },
  DOCTOR_FIPS_NO_MD5: {
    outcome: 'warn',
    means:
      'OpenSSL has no MD5 (FIPS mode): backends with Extended Protection, and Samba’s S4U2Self, fail.',
    mend: 'Set kerberos.allowOwnMd5: true in connector.yaml, if the site’s rules let it; see native-notes/fips.md.',
  },
} as const
