import { EventSchemas } from '@ag-ui/core/schemas'
import { createInterface } from 'node:readline'
for await (const line of createInterface({ input: process.stdin })) {
  const r = EventSchemas.safeParse(JSON.parse(line))
  if (!r.success) console.log(line.slice(0,200), JSON.stringify(r.error.issues))
  else { const a=JSON.stringify(r.data), b=JSON.stringify(JSON.parse(line)); if(a!==b) console.log('DIFF\n'+a+'\n'+b) }
}
