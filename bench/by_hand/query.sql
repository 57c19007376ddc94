SELECT language, text FROM greetings
WHERE id >= (SELECT 1 + floor(random() * max(id))::bigint FROM greetings) ORDER BY id LIMIT 1
