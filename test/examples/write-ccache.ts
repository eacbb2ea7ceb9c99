/**
 * Writes a credential cache for klist, curl --negotiate and others:
 * write-ccache.ts CONN1$ /etc/krb5.keytab alice HTTP/iwa.corp.example /tmp/krb5cc_alice
 */
import { newCcache } from 'sallyport/kerberos'
import { writeCcacheFile } from 'sallyport/kerberos/node'
import { keytabClient } from './client.ts'

const [, , name = '', keytab = '', user = '', service = '', path = ''] = process.argv

const connector = await keytabClient(name, keytab)
const evidence = await connector.impersonate({ name: user })
const ticket = await connector.delegate(evidence, service)

// The first ticket says whose cache it is. The file is for its owner alone, and replaced in one step.
await writeCcacheFile(path, newCcache([ticket]))
console.log(`KRB5CCNAME=FILE:${path} curl --negotiate -u : …`)
