using System.IO;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Kit;

/// <summary>The kit must tell an orderly end from a reset, or no test of truncation means anything.</summary>
public sealed class RawConnectionTests
{
    public static TheoryData<string> Families => ["v4", "v6", "unix"];

    [Fact]
    public async Task ReadToEnd_PeerCloses_ReportsFinAndData()
    {
        await using var peer = new ScriptedPeer(script => script.Write("all of it"));
        using var client = await RawClient.ConnectAsync(peer.EndPoint);

        var result = await client.ReadToEndAsync();

        Assert.Equal(("all of it", ReadEnd.Fin), (result.Text, result.End));
    }

    [Fact]
    public async Task ReadToEnd_PeerResets_ReportsReset()
    {
        await using var peer = new ScriptedPeer(script => script.Write("part").Read(1).Reset());
        using var client = await RawClient.ConnectAsync(peer.EndPoint);
        Assert.Equal("part"u8.ToArray(), await client.ReadExactlyAsync(4));
        await client.SendAsync("x");

        var result = await client.ReadToEndAsync();

        Assert.Equal((0, ReadEnd.Reset), (result.Data.Length, result.End));
    }

    [Fact]
    public async Task ReadToEnd_PeerClosesWithUnreadBytes_ReportsReset()
    {
        var signal = new TaskCompletionSource();
        await using var peer = new ScriptedPeer(script => script.WaitFor(signal.Task));
        using var client = await RawClient.ConnectAsync(peer.EndPoint);
        await client.SendAsync("never read");
        var accepted = await peer.AcceptedAsync();
        Assert.True(accepted.Socket.Poll(Deadline.Default, SelectMode.SelectRead));
        signal.SetResult();

        var result = await client.ReadToEndAsync();

        Assert.Equal(ReadEnd.Reset, result.End);
    }

    [Fact]
    public async Task ReadToEnd_ResetFirstNoticedBySend_StillReportsReset()
    {
        await using var peer = new ScriptedPeer(script => script.Read(1).Reset());
        using var client = await RawClient.ConnectAsync(peer.EndPoint);
        await client.SendAsync("x");
        Assert.True(client.Socket.Poll(Deadline.Default, SelectMode.SelectRead));

        // The send takes the socket's pending error; without a memory of it the read below would see an orderly end.
        Assert.False(await client.TrySendAsync(new byte[16]));
        var result = await client.ReadToEndAsync();

        Assert.Equal(ReadEnd.Reset, result.End);
    }

    [Fact]
    public async Task ReadExactly_PeerEndsEarly_ThrowsWithWhatWasRead()
    {
        await using var peer = new ScriptedPeer(script => script.Write("abc"));
        using var client = await RawClient.ConnectAsync(peer.EndPoint);

        var error = await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReadExactlyAsync(4));

        Assert.Equal("Fin after 3 of 4 bytes.", error.Message);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task HalfClose_EchoServer_SendsEverythingBackAndEnds(string family)
    {
        using var folder = new TempDirectory();
        await using var echo = new EchoServer(family switch
        {
            "v4" => TestServerSocket.AnyIPv4,
            "v6" => TestServerSocket.AnyIPv6,
            _ => new UnixDomainSocketEndPoint(folder.Combine("echo")),
        });
        using var client = await RawClient.ConnectAsync(echo.Address);
        const int Length = 3_000_001;

        var receiving = client.DrainAsync();
        Assert.Equal(Length, await client.SendTestDataAsync(Length));
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(Length), await receiving);
    }

    [Fact]
    public async Task SinkServer_ClientResets_ReportsReset()
    {
        await using var sink = new SinkServer();
        var client = await RawClient.ConnectAsync(sink.EndPoint);
        await client.SendAsync("cut");
        await sink.AcceptedAsync();
        client.Reset();

        var result = await sink.ResultAsync();

        Assert.Equal(ReadEnd.Reset, result.End);
    }

    [Fact]
    public async Task SourceServer_ClientReadsAll_HashIsThatOfTheData()
    {
        await using var source = new SourceServer(5_000_003, seed: 7);
        using var client = await RawClient.ConnectAsync(source.EndPoint);

        var result = await client.DrainAsync();

        Assert.Equal(TransferResult.Complete(5_000_003, seed: 7), result);
    }

    [Fact]
    public async Task IsRefused_ListenerStopped_IsTrue()
    {
        await using var echo = new EchoServer();
        Assert.False(await RawClient.IsRefusedAsync(echo.EndPoint));

        echo.StopListening();

        Assert.True(await RawClient.IsRefusedAsync(echo.EndPoint));
    }

    [Fact]
    public async Task ReadUntil_Delimiter_LeavesWhatFollows()
    {
        await using var peer = new ScriptedPeer(script => script.Dribble("GET / HTTP/1.1\r\n\r\nbody"));
        using var client = await RawClient.ConnectAsync(peer.EndPoint);

        Assert.Equal("GET / HTTP/1.1\r\n\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        Assert.Equal("body", (await client.ReadToEndAsync()).Text);
    }
}
