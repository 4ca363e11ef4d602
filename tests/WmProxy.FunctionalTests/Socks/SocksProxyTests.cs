using System;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Socks;

/// <summary>SOCKS as a user configures it, from the listener to the destination.</summary>
public class SocksProxyTests
{
    private const string Listen = """ "Listen": "tcp://127.0.0.1:0" """;
    private const string WithUser = """ "Listen": "tcp://127.0.0.1:0", "Users": { "alice": { "Password": "secret" } } """;
    private static readonly byte[] Login = [5, 1, 2, 1, 5, .. "alice"u8, 6, .. "secret"u8];

    [Fact]
    public async Task Connect_ManyMegabytesBothWays_ArriveWhole()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(Listen);
        using var client = await OpenAsync(host, (IPEndPoint)echo.EndPoint);
        const long length = 20 * 1024 * 1024;

        var receiving = client.DrainAsync();
        Assert.Equal(length, await client.SendTestDataAsync(length));
        client.HalfClose();

        Assert.Equal(TransferResult.Complete(length), await receiving);
    }

    [Fact]
    public async Task Connect_AnswerAfterTheClientsEnd_Arrives()
    {
        await using var server = new ScriptedPeer(script => script.Read(8).ReadToEnd().Write("the answer").HalfClose());
        await using var host = await StartAsync(Listen);
        using var client = await host.ConnectAsync("p");

        // All of it before anything is answered, with the end.
        await client.SendAsync((byte[])[5, 1, 0, .. Request(1, (IPEndPoint)server.EndPoint), .. "question"u8]);
        client.HalfClose();

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal(("the answer", ReadEnd.Fin), (Encoding.ASCII.GetString(data[12..]), end));
    }

    [Fact]
    public async Task Connect_DestinationResets_ClientIsReset()
    {
        await using var server = new TestServerSocket(async (connection, _) =>
        {
            await connection.ReadExactlyAsync(1);
            connection.Reset();
        });
        await using var host = await StartAsync(Listen);
        using var client = await OpenAsync(host, (IPEndPoint)server.EndPoint);

        await client.SendAsync((byte[])[1]);

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
    }

    [Fact]
    public async Task Connect_ByName_IsResolvedHere()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(Listen);
        using var client = await host.ConnectAsync("p");

        await client.SendAsync((byte[])[5, 1, 0, 5, 1, 0, 3, 9, .. "localhost"u8, (byte)(echo.Port >> 8), (byte)echo.Port, .. "hi"u8]);

        Assert.Equal("0500" + "050000017F000001", Convert.ToHexString((await client.ReadExactlyAsync(12))[..10]));
        Assert.Equal("hi", Encoding.ASCII.GetString(await client.ReadExactlyAsync(2)));
    }

    [Theory]
    [InlineData("no-such-name.invalid", 4)]
    [InlineData("127.0.0.1", 5)]
    public async Task Connect_ToNobody_SaysWhy(string name, int reply)
    {
        await using var host = await StartAsync(Listen);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("p");

        // Nobody listens on port 1.
        await client.SendAsync((byte[])[5, 1, 0, 5, 1, 0, 3, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), 0, 1]);

        var (data, end) = await client.ReadToEndAsync();
        Assert.Equal(("0500" + $"05{reply:X2}0001000000000000", ReadEnd.Fin), (Convert.ToHexString(data), end));
        client.Dispose();
        Assert.Equal("ConnectFailed", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Connect_DeniedByRule_SaysSo()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync($$""" {{Listen}}, "Rules": [ { "Action": "Deny", "Hosts": [ "127.0.0.0/8" ] }, { "Action": "Allow" } ] """);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("p");

        await client.SendAsync((byte[])[5, 1, 0, .. Request(1, (IPEndPoint)echo.EndPoint)]);

        Assert.Equal("0500" + "05020001000000000000", Convert.ToHexString((await client.ReadToEndAsync()).Data));
        client.Dispose();
        Assert.Equal("DestinationDenied", (await records.NextAsync()).Reason);
        Assert.Equal(0, echo.AcceptedCount);
    }

    [Fact]
    public async Task Connect_ToTheProxyItself_IsALoop()
    {
        await using var host = await StartAsync(Listen);
        using var client = await host.ConnectAsync("p");

        await client.SendAsync((byte[])[5, 1, 0, .. Request(1, (IPEndPoint)host.EndPointOf("p"))]);

        Assert.Equal("0500" + "05020001000000000000", Convert.ToHexString((await client.ReadToEndAsync()).Data));
    }

    [Fact]
    public async Task Users_RightAndWrong_AreTold()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(WithUser);
        using var records = new ConnectionRecords(host);

        using (var right = await host.ConnectAsync("p"))
        {
            await right.DribbleAsync((byte[])[.. Login, .. Request(1, (IPEndPoint)echo.EndPoint), .. "hi"u8]);
            Assert.Equal("0502" + "0100" + "050000017F000001", Convert.ToHexString((await right.ReadExactlyAsync(14))[..12]));
            Assert.Equal("hi", Encoding.ASCII.GetString(await right.ReadExactlyAsync(2)));
            Assert.Equal("alice", Assert.Single(host.Connections.Connections).User);
        }

        await records.NextAsync();
        using var wrong = await host.ConnectAsync("p");
        await wrong.SendAsync((byte[])[5, 1, 2, 1, 5, .. "alice"u8, 6, .. "SECRET"u8]);
        Assert.Equal("0502" + "0101", Convert.ToHexString((await wrong.ReadToEndAsync()).Data));
        wrong.Dispose();
        Assert.Equal("AuthenticationFailed", (await records.NextAsync()).Reason);
    }

    [Fact]
    public async Task Reload_ThatRemovesTheUser_CutsWhatTheUserHas()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync(WithUser);
        using var records = new ConnectionRecords(host);
        using var client = await host.ConnectAsync("p");
        await client.SendAsync((byte[])[.. Login, .. Request(1, (IPEndPoint)echo.EndPoint)]);
        await client.ReadExactlyAsync(14);
        using var associated = await host.ConnectAsync("p");
        await associated.SendAsync((byte[])[.. Login, .. Request(3, new IPEndPoint(IPAddress.Any, 0))]);
        await associated.ReadExactlyAsync(14);

        await host.ReloadAsync(Json(WithUser.Replace("alice", "bob", StringComparison.Ordinal)));

        Assert.Equal(ReadEnd.Reset, (await client.ReadToEndAsync()).End);
        Assert.Equal(ReadEnd.Reset, (await associated.ReadToEndAsync()).End);
        Assert.Equal(["AccessRevoked", "AccessRevoked"], [(await records.NextAsync()).Reason, (await records.NextAsync()).Reason]);
    }

    [Fact]
    public async Task Socks4_WhereItIsOn_Works()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync($$""" {{Listen}}, "Protocols": [ "Socks4", "Socks5" ] """);
        using var client = await host.ConnectAsync("p");

        await client.SendAsync((byte[])[4, 1, (byte)(echo.Port >> 8), (byte)echo.Port, 0, 0, 0, 1, 0, .. "localhost\0hi"u8]);

        Assert.Equal("005A", Convert.ToHexString((await client.ReadExactlyAsync(8))[..2]));
        Assert.Equal("hi", Encoding.ASCII.GetString(await client.ReadExactlyAsync(2)));
    }

    [Fact]
    public async Task UdpAssociate_AddressAndName_AreRelayed()
    {
        await using var host = await StartAsync(Listen);
        using var server = Bind();
        using var client = await host.ConnectAsync("p");
        using var datagrams = Bind();
        var relay = await AssociateAsync(client);
        var port = ((IPEndPoint)server.LocalEndPoint!).Port;

        await datagrams.SendToAsync((byte[])[0, 0, 0, 1, 127, 0, 0, 1, (byte)(port >> 8), (byte)port, .. "one"u8], relay);
        await EchoAsync(server, "one");
        await datagrams.SendToAsync((byte[])[0, 0, 0, 3, 9, .. "localhost"u8, (byte)(port >> 8), (byte)port, .. "two"u8], relay);
        await EchoAsync(server, "two");

        var header = $"000000017F000001{port:X4}";
        Assert.Equal(header + Convert.ToHexString("one"u8), Convert.ToHexString(await ReceiveAsync(datagrams)));
        Assert.Equal(header + Convert.ToHexString("two"u8), Convert.ToHexString(await ReceiveAsync(datagrams)));
        var state = Assert.Single(host.Connections.Connections);

        // Counted when it is sent, which the client may hear of first.
        await Deadline.PollAsync(() => Task.FromResult((state.BytesUp, state.BytesDown) == (6, 6)));
    }

    [Fact]
    public async Task UdpAssociate_DestinationThatARuleDeniesAfterAReload_GetsNothingMore()
    {
        await using var host = await StartAsync(Listen);
        using var denied = Bind();
        using var allowed = Bind();
        using var client = await host.ConnectAsync("p");
        using var datagrams = Bind();
        var relay = await AssociateAsync(client);
        await SendAsync(denied, "before");
        Assert.Equal("before", Encoding.ASCII.GetString(await ReceiveAsync(denied)));

        await host.ReloadAsync(Json($$""" {{Listen}}, "Rules": [ { "Action": "Deny", "Ports": [ "{{((IPEndPoint)denied.LocalEndPoint!).Port}}" ] }, { "Action": "Allow" } ] """));
        await SendAsync(denied, "after");
        await SendAsync(allowed, "after");

        Assert.Equal("after", Encoding.ASCII.GetString(await ReceiveAsync(allowed)));
        Assert.Equal(0, denied.Available);

        Task SendAsync(Socket to, string text)
        {
            var port = ((IPEndPoint)to.LocalEndPoint!).Port;
            return datagrams.SendToAsync((byte[])[0, 0, 0, 1, 127, 0, 0, 1, (byte)(port >> 8), (byte)port, .. Encoding.ASCII.GetBytes(text)], relay);
        }
    }

    [Fact]
    public async Task UdpAssociate_ToWhatTheGuardProtects_IsDropped()
    {
        await using var host = await StartAsync($$""" {{Listen}}, "AllowLocalDestinations": false """);
        var dropped = 0L;
        using var meters = CountDropped(host, count => Interlocked.Add(ref dropped, count));
        using var server = Bind();
        using var client = await host.ConnectAsync("p");
        using var datagrams = Bind();
        var relay = await AssociateAsync(client);
        var port = ((IPEndPoint)server.LocalEndPoint!).Port;

        // By address, by name, and by the IPv6 form of the address.
        await datagrams.SendToAsync((byte[])[0, 0, 0, 1, 127, 0, 0, 1, (byte)(port >> 8), (byte)port, 1], relay);
        await datagrams.SendToAsync((byte[])[0, 0, 0, 3, 9, .. "localhost"u8, (byte)(port >> 8), (byte)port, 1], relay);
        await datagrams.SendToAsync((byte[])[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1, (byte)(port >> 8), (byte)port, 1], relay);

        await Deadline.PollAsync(() => Task.FromResult(Interlocked.Read(ref dropped) == 3));
        Assert.Equal(0, server.Available);

        // And is passed on once it may be.
        await host.ReloadAsync(Json($$""" {{Listen}}, "AllowLocalDestinations": true """));
        await datagrams.SendToAsync((byte[])[0, 0, 0, 1, 127, 0, 0, 1, (byte)(port >> 8), (byte)port, 2], relay);
        Assert.Equal("02", Convert.ToHexString(await ReceiveAsync(server)));
    }

    [Fact]
    public async Task Bind_WhereItIsOn_RelaysThePeer()
    {
        await using var host = await StartAsync($$""" {{Listen}}, "Bind": { "Enabled": true } """);
        using var client = await host.ConnectAsync("p");

        await client.SendAsync((byte[])[5, 1, 0, .. Request(2, new IPEndPoint(IPAddress.Loopback, 0))]);
        var reply = await client.ReadExactlyAsync(12);
        using var peer = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, (reply[10] << 8) | reply[11]));
        await client.ReadExactlyAsync(10);
        await peer.SendAsync("file");
        peer.HalfClose();

        Assert.Equal("file", Encoding.ASCII.GetString((await client.ReadExactlyAsync(4))));
        await client.SendAsync("thanks");
        client.HalfClose();
        Assert.Equal("thanks", Encoding.ASCII.GetString((await peer.ReadToEndAsync()).Data));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bind_OverTlsAndTheClientLeaves_NobodyListensAnyMore(bool saysSo)
    {
        using var certificates = new TestCertificates();
        await using var host = await StartAsync($$""" {{ListenTls(certificates)}}, "Bind": { "Enabled": true } """);
        using var records = new ConnectionRecords(host);
        var (client, tls) = await ConnectTlsAsync(host);
        await tls.WriteAsync((byte[])[5, 1, 0, .. Request(2, new IPEndPoint(IPAddress.Loopback, 0))]);
        var listening = PortOf(await ReadAsync(tls, 12));

        if (saysSo)
        {
            await tls.ShutdownAsync();
        }

        client.Dispose();

        Assert.Equal("ClientGone", (await records.NextAsync()).Reason);
        Assert.True(await RawClient.IsRefusedAsync(listening));
    }

    [Fact]
    public async Task Bind_OverTls_RelaysWhatTheClientSentBeforeThePeerCame()
    {
        using var certificates = new TestCertificates();
        await using var host = await StartAsync($$""" {{ListenTls(certificates)}}, "Bind": { "Enabled": true } """);
        var (client, tls) = await ConnectTlsAsync(host);
        using var connection = client;
        await tls.WriteAsync((byte[])[5, 1, 0, .. Request(2, new IPEndPoint(IPAddress.Loopback, 0)), .. "early "u8]);
        var listening = PortOf(await ReadAsync(tls, 12));
        await tls.WriteAsync("and late"u8.ToArray());

        using var peer = await RawClient.ConnectAsync(listening);
        await ReadAsync(tls, 10);
        await tls.WriteAsync(" and later"u8.ToArray());
        await tls.ShutdownAsync();

        Assert.Equal("early and late and later", Encoding.ASCII.GetString((await peer.ReadToEndAsync()).Data));
        await peer.SendAsync("thanks");
        Assert.Equal("thanks", Encoding.ASCII.GetString(await ReadAsync(tls, 6)));
    }

    [Fact]
    public async Task Garbage_OfAllKinds_EndsItsConnectionOnlyAndLeavesNothing()
    {
        await using var echo = new EchoServer();
        await using var host = await StartAsync($$""" {{Listen}}, "Protocols": [ "Socks4", "Socks5" ], "Rules": [ { "Action": "Allow", "Hosts": [ "127.0.0.1" ], "Ports": [ "{{echo.Port}}" ] } ] """);
        using var good = await OpenAsync(host, (IPEndPoint)echo.EndPoint);
        var random = new Random(4);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            var bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);
            bytes[0] = (byte)random.Next(4, 6);
            using var client = await host.ConnectAsync("p");
            await client.TrySendAsync(bytes);
            client.HalfClose();
            await client.ReadToEndAsync();
        })).Within();

        await good.SendAsync("hi");
        Assert.Equal("hi", Encoding.ASCII.GetString(await good.ReadExactlyAsync(2)));
        await host.WaitForConnectionsAsync(connections => connections.Count == 1);
    }

    private static string Json(string keys) => $$"""{ "WmProxy": { "ForwardProxies": { "p": { {{keys}} } } } }""";

    private static Task<ProxyHost> StartAsync(string keys) => ProxyHost.StartAsync(Json(keys));

    private static string ListenTls(TestCertificates certificates)
    {
        using var issued = certificates.IssueServer(["a.example"]);
        var (certificate, key) = certificates.WritePair("a.example", issued);
        return $$""" "Listen": "tls://127.0.0.1:0", "Tls": { "Certificate": { "Path": "{{certificate}}", "KeyPath": "{{key}}" } } """;
    }

    private static async Task<(RawConnection Client, SslStream Tls)> ConnectTlsAsync(ProxyHost host)
    {
        var client = await host.ConnectAsync("p");
        var tls = new SslStream(new NetworkStream(client.Socket), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("a.example").Within();
        return (client, tls);
    }

    private static async Task<byte[]> ReadAsync(SslStream tls, int count)
    {
        var received = new byte[count];
        await tls.ReadExactlyAsync(received).AsTask().Within();
        return received;
    }

    private static IPEndPoint PortOf(byte[] reply) => new(IPAddress.Loopback, (reply[^2] << 8) | reply[^1]);

    private static byte[] Request(byte command, IPEndPoint target) =>
        [5, command, 0, 1, .. target.Address.GetAddressBytes(), (byte)(target.Port >> 8), (byte)target.Port];

    private static async Task<RawConnection> OpenAsync(ProxyHost host, IPEndPoint target)
    {
        var client = await host.ConnectAsync("p");
        await client.SendAsync((byte[])[5, 1, 0, .. Request(1, target)]);
        Assert.Equal("0500" + "050000017F000001", Convert.ToHexString((await client.ReadExactlyAsync(12))[..10]));
        return client;
    }

    private static async Task<IPEndPoint> AssociateAsync(RawConnection client)
    {
        await client.SendAsync((byte[])[5, 1, 0, .. Request(3, new IPEndPoint(IPAddress.Any, 0))]);
        var reply = await client.ReadExactlyAsync(12);
        Assert.Equal("0500" + "050000017F000001", Convert.ToHexString(reply[..10]));
        return new IPEndPoint(IPAddress.Loopback, (reply[10] << 8) | reply[11]);
    }

    private static MeterListener CountDropped(ProxyHost host, Action<long> count)
    {
        var factory = host.Application.Services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "wmproxy.udp.dropped" && ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag is { Key: "wmproxy.drop_reason", Value: "DestinationDenied" })
                {
                    count(value);
                }
            }
        });
        listener.Start();
        return listener;
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket)
    {
        using var deadline = new CancellationTokenSource(Deadline.Default);
        var buffer = new byte[2000];
        return buffer[..await socket.ReceiveAsync(buffer, deadline.Token)];
    }

    private static async Task EchoAsync(Socket server, string expected)
    {
        using var deadline = new CancellationTokenSource(Deadline.Default);
        var buffer = new byte[2000];
        var received = await server.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), deadline.Token);
        Assert.Equal(expected, Encoding.ASCII.GetString(buffer, 0, received.ReceivedBytes));
        await server.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), received.RemoteEndPoint);
    }
}
