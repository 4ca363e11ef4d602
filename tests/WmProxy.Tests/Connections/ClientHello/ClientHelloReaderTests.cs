using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connections.ClientHello;
using static WmProxy.Tests.Connections.ClientHello.HelloBytes;

namespace WmProxy.Tests.Connections.ClientHello;

public sealed class ClientHelloReaderTests
{
    private static readonly byte[] Name = ServerName("shop.example");

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    [InlineData(SslProtocols.Tls12 | SslProtocols.Tls13)]
    public async Task ReadAsync_SslStreamHelloSplitAnywhere_TellsNameAndProtocols(SslProtocols versions)
    {
        var hello = await CaptureAsync("Api.Shop.Example", versions, "h2", "http/1.1", "imap");
        Assert.True(hello.Length > 100);
        foreach (var stream in AllSplits(hello))
        {
            var result = await ReadAsync(stream);

            Assert.Equal(ClientHelloStatus.Hello, result.Status);
            Assert.Equal("api.shop.example", result.ServerName);
            Assert.Equal(["h2", "http/1.1", "imap"], result.AlpnProtocols.ToArray());
            Assert.Equal(hello, await ReadToEndAsync(stream));
        }
    }

    [Fact]
    public async Task ReadAsync_SslStreamHelloInSeveralRecords_TellsTheSame()
    {
        var message = (await CaptureAsync("shop.example", SslProtocols.None, "h2"))[5..];
        var random = new Random(1);
        for (var i = 1; i < message.Length; i++)
        {
            int[] cuts = [.. new[] { i, random.Next(1, message.Length), random.Next(1, message.Length) }.Distinct().Order()];
            var result = await ReadAsync(ChunkedTransportStream.Split(Records(message, cuts), random.Next(message.Length)));

            Assert.Equal(ClientHelloStatus.Hello, result.Status);
            Assert.Equal("shop.example", result.ServerName);
            Assert.Equal(["h2"], result.AlpnProtocols.ToArray());
        }
    }

    [Fact]
    public async Task ReadAsync_MessageHeaderSpreadOverRecordsAndDribbled_TellsTheSame()
    {
        var result = await ReadAsync(ChunkedTransportStream.Dribble(Records(Message(Name), 1, 2, 3, 4, 5)));
        Assert.Equal("shop.example", result.ServerName);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ReadAsync_MessageLengthSpreadOverRecords_IsReadOnce(int cut)
    {
        // Lengths around a carry, so that reading a part of one twice would show.
        for (var length = 500; length < 530; length++)
        {
            var bytes = Records(LongMessage(length), cut);
            var stream = ChunkedTransportStream.Dribble([.. bytes, 0]);
            Assert.Equal("shop.example", (await ReadAsync(stream)).ServerName);
            Assert.Equal(bytes.Length, stream.Received);
        }
    }

    [Fact]
    public async Task ReadAsync_SslStreamHelloCutAnywhere_IsTheEndOfTheStream()
    {
        var hello = await CaptureAsync("shop.example");
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.Equal(ClientHelloStatus.EndOfStream, (await ReadAsync(new ChunkedTransportStream([hello[..length]]))).Status);
        }
    }

    [Fact]
    public async Task ReadAsync_SslStreamHelloWithoutName_TellsNone()
    {
        var result = await ReadAsync(new ChunkedTransportStream([await CaptureAsync("")]));
        Assert.Equal(ClientHelloStatus.Hello, result.Status);
        Assert.Null(result.ServerName);
        Assert.True(result.AlpnProtocols.IsDefaultOrEmpty);
    }

    [Theory]
    [InlineData("-servername shop.example -alpn h2,http/1.1", "shop.example", "h2,http/1.1")]
    [InlineData("-servername shop.example -tls1_2", "shop.example", "")]
    [InlineData("-noservername -tls1_3", null, "")]
    public async Task ReadAsync_OpensslClient_TellsNameAndProtocols(string arguments, string? name, string protocols)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/openssl"), "openssl is not installed");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = Process.Start(new ProcessStartInfo("/usr/bin/openssl", $"s_client -connect {listener.LocalEndpoint} {arguments}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            await using var stream = new SocketTransportStream(await listener.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30)));
            var result = await ClientHelloReader.ReadAsync(stream, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(30));

            Assert.Equal(ClientHelloStatus.Hello, result.Status);
            Assert.Equal(name, result.ServerName);
            Assert.Equal(protocols, string.Join(',', result.AlpnProtocols));
        }
        finally
        {
            client.Kill();
            await client.WaitForExitAsync();
        }
    }

    public static TheoryData<byte[], int> NotTls => new()
    {
        { "GET / HTTP/1.1\r\n"u8.ToArray(), 1 },
        { "SSH-2.0-OpenSSH\r\n"u8.ToArray(), 1 },
        { [0], 1 },

        // An SSL 2.0 hello: a length, then the message's type (RFC 5246 appendix E.2).
        { [0x80, 0x2E, 0x01, 0x03, 0x01], 1 },

        // An alert, an application data record.
        { [21, 3, 1, 0, 2, 1, 0], 1 },
        { [23, 3, 3, 0, 2, 1, 0], 1 },

        // A handshake record of DTLS, or of nothing known.
        { [22, 254, 253, 0, 0], 2 },
        { [22, 2, 0, 0, 0], 2 },
    };

    [Theory]
    [MemberData(nameof(NotTls))]
    public async Task ReadAsync_NotTls_DecidesAtTheFirstByteThatTells(byte[] bytes, int decisive)
    {
        var stream = ChunkedTransportStream.Dribble(bytes);
        Assert.Equal(ClientHelloStatus.NotTls, (await ReadAsync(stream)).Status);
        Assert.Equal(decisive, stream.Received);
        Assert.Equal(bytes, await ReadToEndAsync(stream));
    }

    [Theory]
    [InlineData("shop.example", "shop.example")]
    [InlineData("SHOP.Example", "shop.example")]
    [InlineData("shop.example.", "shop.example")]
    [InlineData("localhost", "localhost")]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("_srv.shop-1.example", "_srv.shop-1.example")]
    [InlineData("1.shop.example", "1.shop.example")]
    [InlineData("192.0.2.1", null)]
    [InlineData("::1", null)]
    [InlineData("[::1]", null)]
    [InlineData("fe80::1%eth0", null)]
    public async Task ReadAsync_ServerName_IsNormalized(string sent, string? expected)
    {
        var result = await ReadAsync(new ChunkedTransportStream([Records(Message(ServerName(sent)))]));
        Assert.Equal(ClientHelloStatus.Hello, result.Status);
        Assert.Equal(expected, result.ServerName);
    }

    [Fact]
    public async Task ReadAsync_LongestNames_AreTaken()
    {
        var label = new string('a', 63);
        var name = $"{label}.{label}.{label}.{new string('a', 61)}";
        Assert.Equal(253, name.Length);
        Assert.Equal(name, (await ReadAsync(new ChunkedTransportStream([Records(Message(ServerName(name)))]))).ServerName);
        Assert.Equal(ClientHelloStatus.Malformed, (await ReadAsync(new ChunkedTransportStream([Records(Message(ServerName(name + "a")))]))).Status);
    }

    [Fact]
    public async Task ReadAsync_GreaseAndUnknownExtensions_AreSkipped()
    {
        // RFC 8701: GREASE as extension, with and without data, and as protocol; an ECH extension (0xFE0D) beside the outer name.
        byte[] extensions =
        [
            .. Extension(0x0A0A, []), .. Extension(0xFE0D, new byte[200]), .. Name, .. Extension(0xDADA, [0]), .. Extension(0xDADA, [0]),
            .. Alpn("\x0A\x0A", "h2"),
        ];
        var result = await ReadAsync(new ChunkedTransportStream([Records(Message(extensions, cipherSuites: [0x1A, 0x1A, 0x13, 0x01]))]));
        Assert.Equal("shop.example", result.ServerName);
        Assert.Equal(["\x0A\x0A", "h2"], result.AlpnProtocols.ToArray());
    }

    [Fact]
    public async Task ReadAsync_ServerNameOfAnotherType_IsSkipped()
    {
        var extension = Extension(0, V16([7, .. V16([1, 2, 3]), 0, .. V16("a.example"u8.ToArray())]));
        Assert.Equal("a.example", (await ReadAsync(new ChunkedTransportStream([Records(Message(extension))]))).ServerName);
    }

    [Fact]
    public async Task ReadAsync_NoExtensions_IsAHello()
    {
        foreach (var message in new[] { Message(null, []), Message([], []) })
        {
            var result = await ReadAsync(new ChunkedTransportStream([Records(message)]));
            Assert.Equal(ClientHelloStatus.Hello, result.Status);
            Assert.Null(result.ServerName);
        }
    }

    [Fact]
    public async Task ReadAsync_BytesBehindTheHello_StayBuffered()
    {
        byte[] bytes = [.. Records(Message(Name)), 20, 3, 3, 0, 1, 1];
        var stream = new ChunkedTransportStream([bytes]);
        Assert.Equal("shop.example", (await ReadAsync(stream)).ServerName);
        Assert.Equal(bytes, await ReadToEndAsync(stream));
    }

    public static TheoryData<string, byte[]> MalformedMessages => new()
    {
        { "not a ClientHello", [2, .. Message(Name)[1..]] },
        { "empty body", RawMessage([]) },
        { "version", RawMessage([2, .. Message(Name)[5..]]) },
        { "session id too long", Message(Name, sessionId: new byte[33]) },
        { "no cipher suites", Message(Name, cipherSuites: []) },
        { "half a cipher suite", Message(Name, cipherSuites: [1, 2, 3]) },
        { "no compression methods", Message(Name, compression: []) },
        { "byte behind the extensions", RawMessage([.. Message(Name)[4..], 0]) },
        { "extensions too long", RawMessage([.. Message(null)[4..], 0, 5, 0, 0, 0, 0]) },
        { "half an extensions length", RawMessage([.. Message(null)[4..], 0]) },
        { "extension too long", Message([0, 10, 0, 4, 1]) },
        { "half an extension header", Message([0, 10, 0]) },
        { "two server name extensions", Message([.. Name, .. Name]) },
        { "two protocol extensions", Message([.. Alpn("h2"), .. Alpn("h2")]) },
        { "empty server name extension", Message(Extension(0, [])) },
        { "empty server name list", Message(Extension(0, V16([]))) },
        { "server name list too long", Message(Extension(0, [0, 9, 0, 0, 1, (byte)'a'])) },
        { "byte behind the server name list", Message(Extension(0, [.. V16([0, .. V16([(byte)'a'])]), 0])) },
        { "server name too long", Message(Extension(0, V16([0, 0, 9, (byte)'a']))) },
        { "two host names", Message(Extension(0, V16([0, .. V16("a"u8.ToArray()), 0, .. V16("b"u8.ToArray())]))) },
        { "empty host name", Message(ServerName("")) },
        { "dot", Message(ServerName(".")) },
        { "leading dot", Message(ServerName(".a")) },
        { "two dots", Message(ServerName("a..b")) },
        { "two final dots", Message(ServerName("a..")) },
        { "NUL", Message(ServerName("a\0b")) },
        { "space", Message(ServerName("a b")) },
        { "slash", Message(ServerName("a/b")) },
        { "asterisk", Message(ServerName("*.a")) },
        { "port", Message(ServerName("a:443")) },
        { "not ASCII", Message(ServerName("b\u00FCcher")) },
        { "hyphen first", Message(ServerName("-a.b")) },
        { "hyphen last", Message(ServerName("a-.b")) },
        { "hyphen at the end", Message(ServerName("a.b-")) },
        { "label of 64", Message(ServerName(new string('a', 64))) },
        { "empty protocol extension", Message(Extension(16, [])) },
        { "empty protocol list", Message(Extension(16, V16([]))) },
        { "empty protocol", Message(Alpn("h2", "")) },
        { "protocol too long", Message(Extension(16, V16([9, 1]))) },
        { "byte behind the protocol list", Message(Extension(16, [.. V16(V8([1])), 0])) },
    };

    [Theory]
    [MemberData(nameof(MalformedMessages))]
    public async Task ReadAsync_MalformedMessage_SaysSo(string what, byte[] message)
    {
        foreach (var stream in new[] { new ChunkedTransportStream([Records(message)]), ChunkedTransportStream.Dribble(Records(message, 2)) })
        {
            Assert.True((await ReadAsync(stream)).Status == ClientHelloStatus.Malformed, what);
        }
    }

    public static TheoryData<string, byte[]> MalformedRecords => new()
    {
        { "empty record", [22, 3, 1, 0, 0] },
        { "record beyond 2^14", [22, 3, 1, 0x40, 0x01] },
        { "another record in between", [.. Records(Message(Name))[..3], 0, 4, 1, 0, 0, 40, 21] },
        { "another version in between", [.. Records(Message(Name))[..3], 0, 4, 1, 0, 0, 40, 22, 4] },
        { "empty record in between", [22, 3, 1, 0, 4, 1, 0, 0, 40, 22, 3, 1, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(MalformedRecords))]
    public async Task ReadAsync_MalformedRecords_SaysSo(string what, byte[] bytes) =>
        Assert.True((await ReadAsync(ChunkedTransportStream.Dribble(bytes))).Status == ClientHelloStatus.Malformed, what);

    [Fact]
    public async Task ReadAsync_LargestMessage_IsTaken()
    {
        var message = LongMessage(16 * 1024);
        foreach (var bytes in new[] { Records(message), Records(message, [.. Enumerable.Range(1, 63).Select(i => i * 256)]) })
        {
            var stream = new ChunkedTransportStream([bytes]);
            Assert.Equal("shop.example", (await ReadAsync(stream)).ServerName);
            Assert.Equal(bytes, await ReadToEndAsync(stream));
        }
    }

    [Fact]
    public async Task ReadAsync_LargerMessage_IsTooLargeAtItsLength()
    {
        var stream = ChunkedTransportStream.Dribble(Records(LongMessage(16 * 1024 + 1), 8000));
        Assert.Equal(ClientHelloStatus.TooLarge, (await ReadAsync(stream)).Status);
        Assert.Equal(9, stream.Received);
    }

    [Fact]
    public async Task ReadAsync_TinyRecords_StopsAtTheCap()
    {
        var message = LongMessage(16 * 1024);
        var stream = new ChunkedTransportStream([Records(message, [.. Enumerable.Range(1, message.Length - 1)])]);
        Assert.Equal(ClientHelloStatus.TooLarge, (await ReadAsync(stream)).Status);
        Assert.InRange(stream.Received, 1, ClientHelloReader.MaxLength);
    }

    [Fact]
    public async Task ReadAsync_MutatedHellos_NeverThrowsNorReadsPastTheCap()
    {
        byte[][] seeds = [await CaptureAsync("shop.example", SslProtocols.None, "h2", "http/1.1"), Records(Message([.. Name, .. Alpn("h2")]), 20, 60)];
        var random = new Random(1);
        var seen = new HashSet<ClientHelloStatus>();
        for (var i = 0; i < 40_000; i++)
        {
            var bytes = (byte[])seeds[i % 2].Clone();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = [.. bytes[..random.Next(i % 4 == 0 ? 0 : bytes.Length, bytes.Length + 1)], .. new byte[i % 8 == 0 ? 20_000 : 0]];
            var stream = ChunkedTransportStream.Split(bytes, random.Next(bytes.Length));
            var result = await ReadAsync(stream);
            seen.Add(result.Status);
            Assert.True(result.Status == ClientHelloStatus.Hello || result is { ServerName: null, AlpnProtocols.IsDefault: true });
            Assert.InRange(stream.Received, 0, ClientHelloReader.MaxLength);
        }

        Assert.Superset(
            new HashSet<ClientHelloStatus> { ClientHelloStatus.Hello, ClientHelloStatus.Malformed, ClientHelloStatus.NotTls, ClientHelloStatus.EndOfStream },
            seen);
    }

    [Fact]
    public async Task ReadAsync_CanceledWhileSilent_SaysSoAndKeepsTheBytes()
    {
        using var deadline = new CancellationTokenSource();
        var stream = ChunkedTransportStream.Silent([22, 3]);
        var reading = ClientHelloReader.ReadAsync(stream, deadline.Token);
        await deadline.CancelAsync();
        Assert.Equal(ClientHelloStatus.Canceled, (await reading.AsTask().WaitAsync(TimeSpan.FromSeconds(30))).Status);
        Assert.Equal([22, 3], stream.Buffered.ToArray());
    }

    public static TheoryData<Exception> Failures => [new ObjectDisposedException("x"), new SocketException(104), new IOException(), new OperationCanceledException()];

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task ReadAsync_ConnectionFails_IsAResult(Exception exception) =>
        Assert.Equal(ClientHelloStatus.ClientGone, (await ReadAsync(ChunkedTransportStream.Failing(exception, [22, 3, 1]))).Status);

    private static ValueTask<ClientHelloResult> ReadAsync(ChunkedTransportStream stream) => ClientHelloReader.ReadAsync(stream, CancellationToken.None);

    private static byte[] LongMessage(int length)
    {
        var padding = length - Message([.. Name, .. Extension(21, [])]).Length;
        return Message([.. Extension(21, new byte[padding]), .. Name]);
    }

    private static IEnumerable<ChunkedTransportStream> AllSplits(byte[] bytes)
    {
        yield return ChunkedTransportStream.Dribble(bytes);
        for (var i = 0; i <= bytes.Length; i++)
        {
            yield return ChunkedTransportStream.Split(bytes, i);
        }
    }

    private static async Task<byte[]> ReadToEndAsync(ChunkedTransportStream stream)
    {
        using var rest = new MemoryStream();
        await stream.CopyToAsync(rest);
        return rest.ToArray();
    }
}
