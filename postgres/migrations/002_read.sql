-- compatible: 1
--
-- Reading: what follows a position, and what of it is selected.

-- What reads is stable, so that all it says is of one moment. Its plans are made
-- once for all positions, and not compiled, which would take longer than to read.

-- look returns the floor, what else there is to do, and the events from a
-- position on, of which the first is there to prove that and without data. There
-- is always a row; without an event seq is null. Where an event was purged, data
-- is null.
CREATE FUNCTION look(after bigint, most integer, bytes integer, every interval)
RETURNS TABLE (
    floor bigint, floor_nano bigint, waiting boolean, due boolean, readonly boolean,
    seq bigint, nano bigint, owner text, channel text, session text, type text, key text, trace text, data bytea
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT h.floor, h.floor_nano, EXISTS (SELECT FROM outbox),
           clock_timestamp() NOT BETWEEN k.done AND k.done + every,
           current_setting('transaction_read_only')::boolean, -- on a standby it is on
           p.seq, p.nano, p.owner, p.channel, p.session, p.type, p.key, p.trace, p.data
    FROM head h CROSS JOIN housekeeping k
    LEFT JOIN (
        SELECT i.*, sum(i.size) OVER (ORDER BY i.seq) - i.size AS before
        FROM (
            SELECT e.seq, e.nano, e.owner, e.channel, e.session, e.type, e.key, e.trace,
                   CASE WHEN e.seq > after THEN e.data END AS data,
                   CASE WHEN e.seq > after THEN coalesce(octet_length(e.data), 0) ELSE 0 END AS size
            FROM event e WHERE e.seq >= after ORDER BY e.seq LIMIT most
        ) i
    ) p ON p.before < bytes
    ORDER BY p.seq;
END
$$;

-- page returns the floor, the head, the stamp of a position, up to where the
-- owner was purged, and the events after the position that are selected, of
-- everybody if owner_name is null. It looks at no more than a number of them, and
-- goes on until those that are selected have so many bytes. The last one that it
-- looked at is there too. There is always a row; without an event number is null.
-- The statement is there twice, for everybody and for an owner, because each needs
-- a plan by another index.
CREATE FUNCTION page(
    after bigint, owner_name text, channels text[], reserved text, sessions text[], types text[],
    most integer, bytes integer
)
RETURNS TABLE (
    floor bigint, floor_nano bigint, head bigint, head_nano bigint, proof bigint, purged bigint, purged_nano bigint,
    number bigint, looked bigint, selected boolean,
    seq bigint, nano bigint, owner text, channel text, session text, type text, key text, trace text, data bytea
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT SET jit = off SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    h record;
BEGIN
    SELECT f.floor, f.floor_nano, coalesce(l.seq, f.floor) AS head, coalesce(l.nano, f.floor_nano) AS head_nano,
           (SELECT e.nano FROM event e WHERE e.seq = after) AS proof, g.seq AS purged, g.nano AS purged_nano
    INTO h
    FROM head f
    LEFT JOIN (SELECT e.seq, e.nano FROM event e ORDER BY e.seq DESC LIMIT 1) l ON true
    LEFT JOIN purged g ON g.owner = owner_name;
    IF owner_name IS NULL THEN
        RETURN QUERY
        SELECT h.floor, h.floor_nano, h.head, h.head_nano, h.proof, h.purged, h.purged_nano,
               p.number, p.looked, p.selected,
               p.seq, p.nano, p.owner, p.channel, p.session, p.type, p.key, p.trace, CASE WHEN p.selected THEN p.data END
        FROM (SELECT) one LEFT JOIN (
            SELECT i.*, row_number() OVER w AS number, count(*) OVER () AS looked, sum(i.size) OVER w - i.size AS before
            FROM (
                SELECT e.*, s.selected, CASE WHEN s.selected THEN octet_length(e.data) ELSE 0 END AS size
                FROM event e CROSS JOIN LATERAL (
                    SELECT matches(e.data IS NOT NULL, e.channel, e.session, e.type, channels, reserved, sessions, types) AS selected
                ) s
                WHERE e.seq > after ORDER BY e.seq LIMIT most
            ) i
            WINDOW w AS (ORDER BY i.seq)
        ) p ON p.before < bytes AND (p.selected OR p.number = p.looked)
        ORDER BY p.seq;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT h.floor, h.floor_nano, h.head, h.head_nano, h.proof, h.purged, h.purged_nano,
           p.number, p.looked, p.selected,
           p.seq, p.nano, p.owner, p.channel, p.session, p.type, p.key, p.trace, CASE WHEN p.selected THEN p.data END
    FROM (SELECT) one LEFT JOIN (
        SELECT i.*, row_number() OVER w AS number, count(*) OVER () AS looked, sum(i.size) OVER w - i.size AS before
        FROM (
            SELECT e.*, s.selected, CASE WHEN s.selected THEN octet_length(e.data) ELSE 0 END AS size
            FROM event e CROSS JOIN LATERAL (
                SELECT matches(e.data IS NOT NULL, e.channel, e.session, e.type, channels, reserved, sessions, types) AS selected
            ) s
            WHERE e.owner = owner_name AND e.seq > after ORDER BY e.seq LIMIT most
        ) i
        WINDOW w AS (ORDER BY i.seq)
    ) p ON p.before < bytes AND (p.selected OR p.number = p.looked)
    ORDER BY p.seq;
END
$$;

-- matches reports whether an event is selected: an empty list selects all, but
-- for channels, where it selects all that are not reserved.
CREATE FUNCTION matches(
    kept boolean, channel text, session text, type text,
    channels text[], reserved text, sessions text[], types text[]
) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN kept
    AND CASE WHEN cardinality(channels) > 0 THEN channel = ANY (channels) ELSE NOT starts_with(channel, reserved) END
    AND (cardinality(sessions) = 0 OR session = ANY (sessions))
    AND (cardinality(types) = 0 OR type = ANY (types));

-- recent returns the position after which events take a number of bytes, of
-- which each takes each beside its data.
CREATE FUNCTION recent(bytes bigint, each bigint, OUT seq bigint, OUT nano bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT SET jit = off SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    SELECT coalesce(r.seq, h.floor), coalesce(r.nano, h.floor_nano) INTO recent.seq, recent.nano
    FROM head h LEFT JOIN (
        SELECT s.seq, s.nano FROM (
            SELECT e.seq, e.nano, sum(coalesce(octet_length(e.data), 0) + octet_length(e.key)
                + octet_length(e.type) + octet_length(e.trace) + each) OVER (ORDER BY e.seq DESC) AS size
            FROM (SELECT * FROM event ORDER BY seq DESC LIMIT bytes / each + 1) e
        ) s
        WHERE s.size > bytes ORDER BY s.seq DESC LIMIT 1
    ) r ON true;
END
$$;

REVOKE ALL ON FUNCTION look, page, matches, recent FROM PUBLIC;
