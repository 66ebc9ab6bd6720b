// Judges events of AG-UI, which come on standard input, each a line of JSON, by
// the schemas of AG-UI's own package. The first line it prints says what the
// package knows, the others why each event is refused, empty if it is not.
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { EventSchemas, EventTypeSchema, PROTOCOL_VERSION } from '@ag-ui/core/schemas'

const print = (line) => console.log(JSON.stringify(line))

print({ version: PROTOCOL_VERSION, types: EventTypeSchema.options })
for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line)
  const { error, data } = EventSchemas.safeParse(event)
  if (error) print(error.message)
  else print(isDeepStrictEqual(data, event) ? '' : 'read as ' + JSON.stringify(data))
}
