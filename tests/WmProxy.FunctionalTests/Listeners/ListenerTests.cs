using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Listeners;

public class ListenerTests
{
    [Theory]
    [InlineData("tcp://127.0.0.1:0", true, false)]
    [InlineData("tcp://[::1]:0", false, true)]
    [InlineData("tcp://*:0", true, true)]
    [InlineData("tcp://localhost:0", true, true)]
    public async Task Listen_Address_TakesTheFamiliesThatItNames(string listen, bool takesIPv4, bool takesIPv6)
    {
        await using var echo = new EchoServer();
        await using var host = await ProxyHost.StartAsync(Configuration(listen, echo));
        var port = new Uri(host.Listeners[0].Address.Replace("*", "localhost", StringComparison.Ordinal)).Port;
        Assert.All(host.Listeners, listener => Assert.EndsWith($":{port}", listener.Address, StringComparison.Ordinal));

        foreach (var (address, isTaken) in new[] { (IPAddress.Loopback, takesIPv4), (IPAddress.IPv6Loopback, takesIPv6) })
        {
            if (!isTaken)
            {
                Assert.True(await RawClient.IsRefusedAsync(new IPEndPoint(address, port)));
                continue;
            }

            using var client = await RawClient.ConnectAsync(new IPEndPoint(address, port));
            await ExchangeAsync(client);
            var row = host.Connections.Connections.Single();
            Assert.Equal(client.LocalEndPoint, row.ClientEndPoint);
            Assert.Equal(client.RemoteEndPoint, row.GetLocalEndPoint());
            client.HalfClose();
            await client.ReadToEndAsync();
            await Deadline.PollAsync(() => Task.FromResult(host.Connections.Count == 0));
        }
    }

    [Fact]
    public async Task Listen_PortRange_OpensEachPort()
    {
        await using var echo = new EchoServer();
        var first = FreePort.Next();
        await using var host = await ProxyHost.StartAsync(Configuration($"tcp://127.0.0.1:{first}-{first + 2}", echo));

        Assert.Equal(3, host.Listeners.Count);
        for (var port = first; port <= first + 2; port++)
        {
            using var client = await RawClient.ConnectAsync(port);
            await ExchangeAsync(client);
        }
    }

    [Fact]
    public async Task Listen_PortZeroOfTwoStreams_GivesEachItsOwn()
    {
        await using var one = new ScriptedPeer(script => script.Write("one").HalfClose());
        await using var two = new ScriptedPeer(script => script.Write("two").HalfClose());
        await using var host = await ProxyHost.StartAsync($$"""
            { "WmProxy": { "Streams": {
              "one": { "Listen": "tcp://127.0.0.1:0", "To": "{{one.Address}}" }, "two": { "Listen": "tcp://127.0.0.1:0", "To": "{{two.Address}}" } } } }
            """);

        foreach (var name in new[] { "one", "two" })
        {
            using var client = await host.ConnectAsync(name);
            Assert.Equal(name, System.Text.Encoding.ASCII.GetString(await client.ReadExactlyAsync(3)));
        }
    }

    [Fact]
    public async Task Unix_ListenerAndDestination_Forward_AndTheFileGoesAtTheStop()
    {
        using var folder = new TempDirectory();
        await using var echo = new EchoServer(new UnixDomainSocketEndPoint(folder.Combine("to")));
        var path = folder.Combine("from");
        var host = await ProxyHost.StartAsync(Configuration($"unix:{path}", echo));
        await using (host)
        {
            using var client = await RawClient.ConnectAsync($"unix:{path}");
            await ExchangeAsync(client);
            client.HalfClose();
            Assert.Equal(ReadEnd.Fin, (await client.ReadToEndAsync()).End);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Unix_FileOfADeadProcess_IsReplaced()
    {
        using var folder = new TempDirectory();
        await using var echo = new EchoServer();
        var path = folder.Combine("from");
        LeaveStaleSocket(path);

        await using var host = await ProxyHost.StartAsync(Configuration($"unix:{path}", echo));

        using var client = await RawClient.ConnectAsync($"unix:{path}");
        await ExchangeAsync(client);
    }

    [Fact]
    public async Task Unix_SocketOfALiveProcess_IsNotStolen()
    {
        using var folder = new TempDirectory();
        var path = folder.Combine("from");
        await using var other = new EchoServer(new UnixDomainSocketEndPoint(path));

        await AssertDoesNotStartAsync($"unix:{path}", other);

        using var client = await RawClient.ConnectAsync($"unix:{path}");
        await ExchangeAsync(client);
    }

    [Theory]
    [InlineData("")]
    [InlineData("text")]
    public async Task Unix_FileThatIsNotASocket_IsLeftAlone(string content)
    {
        using var folder = new TempDirectory();
        await using var echo = new EchoServer();
        var path = folder.Write("from", content);

        await AssertDoesNotStartAsync($"unix:{path}", echo);

        Assert.Equal(content, File.ReadAllText(path));
    }

    private static async Task AssertDoesNotStartAsync(string listen, EchoServer echo)
    {
        var host = ProxyHost.Build(Configuration(listen, echo));
        var error = await Assert.ThrowsAsync<ConfigErrorException>(() => host.Application.StartAsync().Within());
        Assert.Contains("from", error.Message, StringComparison.Ordinal);
        await host.Application.DisposeAsync();
    }

    // As a process that was killed leaves it: .NET removes the file when it closes the socket, so the name is moved away meanwhile.
    private static void LeaveStaleSocket(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path + ".live"));
        socket.Listen();
        File.Move(path + ".live", path);
    }

    private static string Configuration(string listen, TestServerSocket server) =>
        $$"""{ "WmProxy": { "Streams": { "s": { "Listen": "{{listen}}", "To": "{{server.Address}}" } } } }""";

    private static async Task ExchangeAsync(RawConnection client)
    {
        await client.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
    }
}
