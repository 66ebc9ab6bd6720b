-- compatible: 1
--
-- What leaves the log: by age and size, a partition at a time, and on request
-- everything of an owner.

-- The position up to which an owner was purged, as long as there can be positions
-- before it.
CREATE TABLE purged (
    owner text COLLATE "C" PRIMARY KEY,
    seq   bigint NOT NULL,
    nano  bigint NOT NULL
);

-- discardable returns the oldest partition, and the last position in it, if no
-- event will be added to it and either that is older than age or all partitions
-- together are larger than bytes. What comes after it is no older: that counts
-- where the clock was ahead for a while.
CREATE FUNCTION discardable(age bigint, bytes bigint)
RETURNS TABLE (first bigint, seq bigint, nano bigint)
LANGUAGE sql STABLE SET search_path FROM CURRENT
AS $$
    SELECT p.first, e.seq, e.nano
    FROM (SELECT * FROM partition ORDER BY first LIMIT 1) p
    LEFT JOIN LATERAL (SELECT seq, nano FROM event WHERE seq >= p.first AND seq < p.past ORDER BY seq DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT nano FROM event WHERE seq >= p.past ORDER BY seq LIMIT 1) n ON true
    WHERE p.past <= greatest((SELECT least FROM head), (SELECT seq FROM event ORDER BY seq DESC LIMIT 1))
      AND (age > 0 AND coalesce(least(e.nano, n.nano), 0) < stamp() - age
        OR bytes > 0 AND (SELECT sum(pg_total_relation_size(to_regclass('event_' || first))) FROM partition) > bytes)
$$;

-- sweep claims the housekeeping, which is due when it was done last before
-- interval: it makes partitions, and lets the next event begin a new one where
-- the present one has events older than a part of age or is larger than a part of
-- bytes. It returns whether there is a partition to discard, or null if there was
-- nothing to claim. What follows a claim is forget.
CREATE FUNCTION sweep(every interval, age bigint, bytes bigint, parts integer, width bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    now bigint := stamp();
    full_at bigint;
BEGIN
    IF NOT try_lock('partitions') THEN
        RETURN NULL;
    END IF;
    UPDATE housekeeping SET done = clock_timestamp() WHERE clock_timestamp() NOT BETWEEN done AND done + every;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT p.past INTO full_at
    FROM (SELECT seq FROM event ORDER BY seq DESC LIMIT 1) newest
    JOIN partition p ON newest.seq >= p.first AND newest.seq < p.past
    CROSS JOIN LATERAL (SELECT nano FROM event WHERE seq >= p.first AND seq < p.past ORDER BY seq LIMIT 1) oldest
    WHERE age > 0 AND oldest.nano < now - age / parts
       OR bytes > 0 AND pg_total_relation_size(to_regclass('event_' || p.first)) > bytes / parts;
    PERFORM extend(width, 0); -- it may wait for who changes the table, and publishers should not
    UPDATE head SET least = full_at WHERE least < full_at;
    RETURN EXISTS (SELECT FROM discardable(age, bytes));
END
$$;

-- forget deletes what has ended, of each kind no more than a number, and returns
-- whether there may be more. Who appends or purges may wait for it, holding the
-- lock of the head row: so it waits for nobody, and takes no other locks.
CREATE FUNCTION forget(most integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    now bigint := stamp();
    bound bigint := (SELECT floor FROM head);
    keys bigint;
    batches bigint;
BEGIN
    DELETE FROM key WHERE ctid = ANY (ARRAY(SELECT ctid FROM key WHERE until <= now LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS keys = ROW_COUNT;
    DELETE FROM batch WHERE ctid = ANY (ARRAY(SELECT ctid FROM batch WHERE until <= now LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS batches = ROW_COUNT;
    DELETE FROM purged WHERE ctid = ANY (ARRAY(SELECT ctid FROM purged WHERE seq <= bound FOR UPDATE SKIP LOCKED));
    RETURN greatest(keys, batches) >= most;
END
$$;

-- discard drops the partition that is discardable, and returns whether there is
-- another. It waits no longer than a moment for those who read: they and
-- publishers would wait behind it.
CREATE FUNCTION discard(age bigint, bytes bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '100ms'
AS $$
DECLARE
    part record;
BEGIN
    IF NOT try_lock('partitions') THEN
        RETURN false;
    END IF;
    SELECT * INTO part FROM discardable(age, bytes);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM FROM head FOR UPDATE; -- before the table, as in append
    EXECUTE format('DROP TABLE %I', 'event_' || part.first);
    DELETE FROM partition WHERE first = part.first;
    IF part.seq IS NOT NULL THEN
        UPDATE head SET floor = part.seq, floor_nano = part.nano;
    END IF;
    RETURN EXISTS (SELECT FROM discardable(age, bytes));
END
$$;

-- purge takes everything of an owner out of the log, the outbox and the dead
-- letters, and tells all replicas to do the same. Publishers wait only while it
-- deals with what was published since it began.
CREATE FUNCTION purge(
    IN  gone text, IN key_window bigint, IN batch_window bigint,
    OUT seq bigint, OUT nano bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    last record;
    told record;
BEGIN
    PERFORM lock('purge ' || gone);
    PERFORM erase(gone);
    PERFORM lock('outbox'); -- before the head row, as in move
    PERFORM FROM head FOR UPDATE;
    DELETE FROM key WHERE owner = gone;
    DELETE FROM outbox WHERE owner = gone;
    DELETE FROM dead_letter WHERE owner = gone;
    PERFORM erase(gone);
    SELECT coalesce(e.seq, h.floor) AS seq, coalesce(e.nano, h.floor_nano) AS nano INTO last
    FROM head h LEFT JOIN (SELECT * FROM event ORDER BY seq DESC LIMIT 1) e ON true;
    SELECT * INTO told FROM append(gen_random_uuid(), ARRAY[gone], ARRAY['tidings.control'], ARRAY[''],
        ARRAY['tidings.purged'], ARRAY[''], ARRAY[''], ARRAY['{}'::bytea], key_window, batch_window);
    INSERT INTO purged (owner, seq, nano) VALUES (gone, last.seq, last.nano)
    ON CONFLICT (owner) DO UPDATE SET seq = excluded.seq, nano = excluded.nano;
    purge.seq := told.first;
    purge.nano := told.nano;
END
$$;

-- erase takes out of an owner's events all but seq and stamp.
CREATE FUNCTION erase(gone text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    UPDATE event SET owner = NULL, channel = '', session = '', type = '', key = '', trace = '', data = NULL
    WHERE owner = gone
$$;

REVOKE ALL ON FUNCTION discardable, sweep, forget, discard, purge, erase FROM PUBLIC;
