-- compatible: 1
--
-- The log: events in partitions by seq, the head row that orders them, keys and
-- batches that make appends idempotent.
--
-- Times are nanoseconds since 1970. Everything is done by functions that run
-- with the rights of who migrated, so that a role needs no more than to be
-- allowed to call some of them. The search_path that a migration runs with is
-- this schema and nothing else, and FROM CURRENT gives it to each function.

-- The head row orders everything: who appends holds its lock from before it
-- takes a seq until its transaction ends, so that the order of commits is that
-- of seq. An append does not write it: the head is the greatest seq there is, or
-- the floor where all events are discarded. So a transaction that somebody
-- leaves open does not leave versions of this row behind.
CREATE TABLE head (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    floor      bigint NOT NULL, -- the last discarded seq, or 0
    floor_nano bigint NOT NULL, -- its stamp, or the log's creation
    least      bigint NOT NULL, -- the next event gets this seq or a greater one
    room       bigint NOT NULL  -- and one below this: partitions end here
);

-- What was purged keeps its seq and its stamp, and nothing else.
CREATE TABLE event (
    seq     bigint NOT NULL,
    nano    bigint NOT NULL,
    owner   text COLLATE "C",
    channel text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    type    text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    trace   text COLLATE "C" NOT NULL,
    data    bytea,
    PRIMARY KEY (seq)
) PARTITION BY RANGE (seq);

CREATE INDEX event_owner ON event (owner, seq);

-- A partition has the events from first to before past, in the table whose name
-- is event_ and first.
CREATE TABLE partition (
    first bigint PRIMARY KEY,
    past  bigint NOT NULL
);

-- A key is known until its window ends, whatever becomes of its event.
CREATE TABLE key (
    owner text COLLATE "C" NOT NULL,
    key   text COLLATE "C" NOT NULL,
    seq   bigint NOT NULL,
    nano  bigint NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (owner, key)
);

CREATE INDEX key_until ON key (until);

-- What became of a batch: its new events have the seqs from first on, all with
-- one stamp; repeats has three numbers for each event that was not appended: its
-- place in the batch, from 1, and the seq and stamp of the first with its key.
CREATE TABLE batch (
    id      uuid PRIMARY KEY,
    first   bigint NOT NULL,
    nano    bigint NOT NULL,
    repeats bigint[],
    until   bigint NOT NULL
);

CREATE INDEX batch_until ON batch (until);

-- When housekeeping was done last, by whichever replica.
CREATE TABLE housekeeping (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    done timestamptz NOT NULL
);

-- stamp returns the time. The last three digits are chance: so two logs that
-- give the same seq at the same microsecond can be told apart. With settings of
-- its own it could not become part of the expression that calls it.
CREATE FUNCTION stamp() RETURNS bigint
LANGUAGE sql VOLATILE
RETURN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000 + (random() * 999)::bigint;

-- lock takes a lock of this log until the transaction ends; try_lock does too, or
-- returns false.
CREATE FUNCTION lock(what text) RETURNS void
LANGUAGE sql VOLATILE SET search_path FROM CURRENT
RETURN pg_advisory_xact_lock(hashtext('tidings.' || what), ('head'::regclass)::oid::integer);

CREATE FUNCTION try_lock(what text) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path FROM CURRENT
RETURN pg_try_advisory_xact_lock(hashtext('tidings.' || what), ('head'::regclass)::oid::integer);

-- Plans are kept by those who made them, perhaps while a table was all but empty,
-- and there will be many rows: what is done for each event does not scan tables,
-- however small they are.

-- append keeps a batch of events, all of them or none, and says what became of
-- it. A batch that it knows is not kept again, and otherwise prior is what the
-- first of its events follows: nothing stands between. Raises TD001 if there is no
-- partition for all of it: call extend, and again.
CREATE FUNCTION append(
    IN  batch_id uuid,
    IN  owners text[], IN channels text[], IN sessions text[], IN types text[],
    IN  keys text[], IN traces text[], IN datas bytea[],
    IN  key_window bigint, IN batch_window bigint,
    OUT first bigint, OUT nano bigint, OUT repeats bigint[], OUT room bigint,
    OUT prior bigint, OUT prior_nano bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT SET lock_timeout = '5s' SET jit = off SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    h head%ROWTYPE;
    now bigint;
    start bigint;
    again bigint[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'transaction isolation is %, and appending needs read committed', current_setting('transaction_isolation')
            USING ERRCODE = 'TD002', HINT = 'Set default_transaction_isolation of this role to read committed.';
    END IF;
    SELECT * INTO STRICT h FROM head FOR UPDATE;
    append.room := h.room;
    SELECT b.first, b.nano, b.repeats INTO append.first, append.nano, append.repeats FROM batch b WHERE b.id = batch_id;
    IF FOUND THEN
        RETURN;
    END IF;
    now := stamp();
    SELECT e.seq, e.nano INTO prior, prior_nano FROM event e ORDER BY e.seq DESC LIMIT 1;
    IF NOT FOUND THEN
        prior := h.floor;
        prior_nano := h.floor_nano;
    END IF;
    start := greatest(prior + 1, h.least);
    IF start + cardinality(owners) > h.room THEN
        RAISE EXCEPTION 'no partition for events from % on', start USING ERRCODE = 'TD001';
    END IF;
    IF array_to_string(keys, '') = '' THEN
        INSERT INTO event (seq, nano, owner, channel, session, type, key, trace, data)
        SELECT start - 1 + i.n, now, i.owner, i.channel, i.session, i.type, '', i.trace, i.data
        FROM unnest(owners, channels, sessions, types, traces, datas)
            WITH ORDINALITY AS i(owner, channel, session, type, trace, data, n);
    ELSE
        WITH given AS MATERIALIZED (
            SELECT * FROM unnest(owners, channels, sessions, types, keys, traces, datas)
                WITH ORDINALITY AS i(owner, channel, session, type, key, trace, data, n)
        ), once AS MATERIALIZED ( -- the first in the batch with each key, and what is known of that
            SELECT g.n, g.owner, g.key, k.seq, k.nano
            FROM (SELECT owner, key, min(n) AS n FROM given WHERE key <> '' GROUP BY owner, key) g
            LEFT JOIN LATERAL (
                SELECT i.seq, i.nano, i.until FROM key i WHERE i.owner = g.owner AND i.key = g.key
                OFFSET 0 -- not to be joined otherwise than one by one
            ) k ON k.until > now AND k.nano <= now + key_window
        ), fresh AS MATERIALIZED (
            SELECT g.*, start - 1 + row_number() OVER (ORDER BY g.n) AS seq
            FROM given g LEFT JOIN once o ON o.n = g.n
            WHERE g.key = '' OR o.n IS NOT NULL AND o.seq IS NULL
        ), kept AS (
            INSERT INTO event (seq, nano, owner, channel, session, type, key, trace, data)
            SELECT f.seq, now, f.owner, f.channel, f.session, f.type, f.key, f.trace, f.data FROM fresh f
        ), noted AS (
            INSERT INTO key (owner, key, seq, nano, until)
            SELECT f.owner, f.key, f.seq, now, now + key_window FROM fresh f WHERE f.key <> ''
            ON CONFLICT (owner, key) DO UPDATE SET seq = excluded.seq, nano = excluded.nano, until = excluded.until
        )
        SELECT array_agg(ARRAY[g.n, coalesce(o.seq, f.seq), coalesce(o.nano, now)] ORDER BY g.n) INTO again
        FROM given g JOIN once o ON o.owner = g.owner AND o.key = g.key LEFT JOIN fresh f ON f.n = o.n
        WHERE g.n <> o.n OR o.seq IS NOT NULL;
    END IF;
    INSERT INTO batch (id, first, nano, repeats, until) VALUES (batch_id, start, now, again, now + batch_window);
    PERFORM pg_notify('tidings', '');
    append.first := start;
    append.nano := now;
    append.repeats := again;
END
$$;

-- extend makes partitions, each for width events or, where there are many or more
-- events come at once, more, so that there is room for the events of two, and for
-- a number of events. They are made beside the table and then attached, which
-- nobody who reads or writes waits for.
CREATE FUNCTION extend(width bigint, events bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    next bigint;
    past bigint;
    wide bigint;
BEGIN
    PERFORM lock('partitions');
    wide := greatest(width << least((SELECT count(*) FROM partition) / 32, 20)::integer, events);
    SELECT greatest(coalesce((SELECT e.seq FROM event e ORDER BY e.seq DESC LIMIT 1) + 1, 1), h.least), h.room
    INTO STRICT next, past FROM head h;
    WHILE past < next + greatest(2 * wide, events) LOOP
        EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING ALL)', 'event_' || past);
        EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', 'event_' || past, past, past + wide);
        INSERT INTO partition VALUES (past, past + wide);
        past := past + wide;
    END LOOP;
    UPDATE head SET room = past WHERE room < past;
END
$$;

INSERT INTO head (floor, floor_nano, least, room) VALUES (0, stamp(), 1, 1);
INSERT INTO housekeeping (done) VALUES (clock_timestamp());

REVOKE ALL ON FUNCTION stamp, lock, try_lock, append, extend FROM PUBLIC;
