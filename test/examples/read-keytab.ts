/** Lists a keytab, as `klist -ek` does: read-keytab.ts /etc/krb5.keytab */
import { etypeName, formatPrincipal, keysFor } from 'sallyport/kerberos'
import { readKeytabFile } from 'sallyport/kerberos/node'

const [, , path = '/etc/krb5.keytab'] = process.argv

const entries = await readKeytabFile(path)
for (const { principal, realm, kvno, key } of entries) {
  console.log(`${kvno} ${formatPrincipal(principal, realm)} ${etypeName(key.etype)}`)
}

// The key to use of one principal: of the newest version, the strongest type first.
const [first] = entries
const [best] = first === undefined ? [] : keysFor(entries, first.realm, first.principal)
if (best !== undefined) console.log(`best: ${etypeName(best.key.etype)}`)
