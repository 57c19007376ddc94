async def test_home(client):
    async with client.get("/") as answer:
        print(await answer.json(), answer.headers)
        assert answer.status == 200
