// Follows streams with EventSource and prints what it is handed, each a line
// of JSON. It ends when its standard input does.
import { EventSource as EventSource4 } from 'eventsource'
import { EventSource as EventSource5 } from 'eventsource5'

const versions = { eventsource4: EventSource4, eventsource5: EventSource5 }

process.stdin.on('end', () => process.exit()).resume()

for (const { client, owner, url, names = [] } of JSON.parse(process.argv[2])) {
  const print = (seen) => process.stdout.write(JSON.stringify({ client, owner, ...seen }) + '\n')
  const source = new versions[client](url)
  source.onopen = () => print({ kind: 'open' })
  source.onerror = ({ code, message }) => {
    // One that is closed does not connect again.
    print({ kind: source.readyState === source.CLOSED ? 'over' : 'error', text: `${code} ${message}` })
  }
  for (const name of ['message', ...names]) {
    source.addEventListener(name, (e) => print({ kind: 'event', name, id: e.lastEventId, data: e.data }))
  }
}
