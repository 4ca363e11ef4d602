using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections.ProxyProtocol;

namespace WmProxy.Tests.Connections.ProxyProtocol;

public sealed class ProxyProtocolReaderTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";
    private const string TcpAddresses = "C0A80001" + "C0A8000B" + "DC04" + "01BB";
    private static readonly byte[] Payload = "GET / HTTP/1.1\r\n"u8.ToArray();

    /// <summary>Valid headers: (text or hex, source, destination) as endpoints are written; null for not told.</summary>
    public static TheoryData<string, string?, string?> ValidHeaders => new()
    {
        // Section 2.1, with its own example.
        { "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443" },
        { "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.255:65535" },
        { "PROXY TCP4 0.0.0.0 10.0.0.0 0 0\r\n", "0.0.0.0:0", "10.0.0.0:0" },
        { "PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1", "[::1]:2" },
        { "PROXY TCP6 2001:DB8::A ::ffff:192.0.2.1 1 2\r\n", "[2001:db8::a]:1", "[::ffff:192.0.2.1]:2" },
        { "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
        { "PROXY UNKNOWN\r\n", null, null },
        { "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", null, null },
        { "PROXY UNKNOWN whatever  it is\r\n", null, null },

        // Section 2.2: PROXY with each of the protocol bytes.
        { Signature + "21" + "11" + "000C" + TcpAddresses, "192.168.0.1:56324", "192.168.0.11:443" },
        { Signature + "21" + "12" + "000C" + TcpAddresses, "192.168.0.1:56324", "192.168.0.11:443" },
        { Signature + "21" + "21" + "0024" + "20010DB8000000000000000000000001" + "00000000000000000000000000000001" + "0001" + "0002", "[2001:db8::1]:1", "[::1]:2" },
        { Signature + "21" + "22" + "0024" + "20010DB8000000000000000000000001" + "00000000000000000000000000000001" + "0001" + "0002", "[2001:db8::1]:1", "[::1]:2" },
        { Signature + "21" + "31" + "00D8" + Path("/run/a.sock") + Path("/b"), "/run/a.sock", "/b" },
        { Signature + "21" + "32" + "00D8" + Path("\0abstract") + Path(""), "@abstract", null },
        { Signature + "21" + "31" + "00D8" + Path(new string('x', 107)) + Path("/b"), new string('x', 107), "/b" },
        { Signature + "21" + "31" + "00D8" + Path(new string('x', 108)) + Path("/b"), null, "/b" },
        { Signature + "21" + "00" + "0000", null, null },
        { Signature + "21" + "00" + "0005" + "0102030405", null, null },
        { Signature + "21" + "10" + "000C" + TcpAddresses, null, null },
        { Signature + "21" + "01" + "0000", null, null },

        // TLVs (2.2.1 to 2.2.8): skipped. NOOP, ALPN "h2", one of a custom type, one without a value.
        { Signature + "21" + "11" + "0019" + TcpAddresses + "04000100" + "0100026832" + "E0000101", "192.168.0.1:56324", "192.168.0.11:443" },
        { Signature + "21" + "11" + "000F" + TcpAddresses + "040000", "192.168.0.1:56324", "192.168.0.11:443" },

        // The checksum (2.2.3), as HAProxy 2.6 sent it with "proxy-v2-options crc32c".
        { "0d0a0d0a000d0a515549540a211100137f0000017f000001b26e74af0300045ed6791b", "127.0.0.1:45678", "127.0.0.1:29871" },
    };

    /// <summary>LOCAL headers (section 2.2): accepted with any block, whose length alone counts.</summary>
    public static TheoryData<string> LocalHeaders => new()
    {
        Signature + "20" + "00" + "0000",
        Signature + "20" + "11" + "000C" + TcpAddresses,
        Signature + "20" + "11" + "0001" + "FF",
        Signature + "20" + "FF" + "0003" + "FFFFFF",
    };

    public static TheoryData<string> InvalidHeaders => new()
    {
        // One space exactly, the three words exactly.
        "PROXY\r\n",
        "PROXY \r\n",
        "PROXYTCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY\tTCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 \r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY UNKNOW\r\n",
        "PROXY UNKNOWN\tX\r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2  1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1  2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1\r\n",

        // Line ends.
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rX",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN a\rb\r\n",

        // IPv4 addresses.
        "PROXY TCP4 192.0.2.999 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.00 192.0.2.2 1 2\r\n",
        "PROXY TCP4 0xc0.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 3221225985 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192..2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 -192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 ::1 1 2\r\n",
        "PROXY TCP4 ::ffff:192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 localhost 192.0.2.2 1 2\r\n",

        // IPv6 addresses.
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP6 ::1 192.0.2.2 1 2\r\n",
        "PROXY TCP6 fe80::1%1 ::1 1 2\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY TCP6 ::1/128 ::1 1 2\r\n",
        "PROXY TCP6 1::2::3 ::1 1 2\r\n",
        "PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n",
        "PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n",
        "PROXY TCP6 12345::1 ::1 1 2\r\n",
        "PROXY TCP6 ::g ::1 1 2\r\n",
        "PROXY TCP6 ::ffff:192.0.2.999 ::1 1 2\r\n",
        "PROXY TCP6 ::ffff:192.0.2.01 ::1 1 2\r\n",
        "PROXY TCP6 ::ffff:192.0.2 ::1 1 2\r\n",
        "PROXY TCP6 : ::1 1 2\r\n",

        // Ports.
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 99999\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 4294967297 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 00 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 0x1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2a\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",

        // Longer than 107 bytes.
        "PROXY UNKNOWN " + new string('x', 92) + "\r\n",
        "PROXY UNKNOWN " + new string('x', 300),

        // Version 2: version, command, family, protocol, lengths.
        Signature + "11" + "11" + "000C" + TcpAddresses,
        Signature + "31" + "11" + "000C" + TcpAddresses,
        Signature + "01" + "11" + "000C" + TcpAddresses,
        Signature + "22" + "11" + "000C" + TcpAddresses,
        Signature + "2F" + "11" + "000C" + TcpAddresses,
        Signature + "21" + "41" + "000C" + TcpAddresses,
        Signature + "21" + "F1" + "000C" + TcpAddresses,
        Signature + "21" + "13" + "000C" + TcpAddresses,
        Signature + "21" + "03" + "0000",
        Signature + "21" + "11" + "000B" + TcpAddresses,
        Signature + "21" + "11" + "0000",
        Signature + "21" + "10" + "0000",
        Signature + "21" + "21" + "000C" + TcpAddresses,
        Signature + "21" + "31" + "000C" + TcpAddresses,
        Signature + "21" + "11" + "0801",
        Signature + "20" + "00" + "0801",
        Signature + "21" + "00" + "FFFF",

        // TLVs that are longer than the header, and checksums of a wrong length, twice, or of other bytes.
        Signature + "21" + "11" + "000D" + TcpAddresses + "04",
        Signature + "21" + "11" + "000F" + TcpAddresses + "040001",
        Signature + "21" + "11" + "0012" + TcpAddresses + "030003000000",
        "0d0a0d0a000d0a515549540a2111001a7f0000017f000001b26e74af0300045ed6791b0300045ed6791b",
        "0d0a0d0a000d0a515549540a211100137f0000017f000001b26e74af0300045ed6791c",
        "0d0a0d0a000d0a515549540a211100137f0000027f000001b26e74af0300045ed6791b",
        "0d0a0d0a000d0a515549540a211100137f0000017f000001b26e74af0300041b79d65e",
    };

    public static TheoryData<string> OtherProtocols => new()
    {
        "GET / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n",
        "PROXX",
        "proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n",
        "\r\n\r\n\0\r\nQUIX",
        "\r\nPROXY",
        "\x16\x03\x01",
        "\0",
        "X",
    };

    [Theory]
    [MemberData(nameof(ValidHeaders))]
    public async Task ReadAsync_ValidHeaderSplitAnywhere_TakesTheHeaderAndNoMore(string header, string? source, string? destination)
    {
        var headerBytes = ToBytes(header);
        foreach (var stream in AllSplits(headerBytes))
        {
            var result = await ReadAsync(stream);

            Assert.Equal(ProxyProtocolStatus.Proxied, result.Status);
            Assert.Equal(source, result.Source?.ToString());
            Assert.Equal(destination, result.Destination?.ToString());
            Assert.Null(result.Error);
            Assert.Equal(Payload, await ReadToEndAsync(stream));
        }
    }

    [Theory]
    [MemberData(nameof(LocalHeaders))]
    public async Task ReadAsync_LocalHeader_TellsNoAddresses(string header)
    {
        foreach (var stream in AllSplits(ToBytes(header)))
        {
            Assert.Equal(new ProxyProtocolResult(ProxyProtocolStatus.Local), await ReadAsync(stream));
            Assert.Equal(Payload, await ReadToEndAsync(stream));
        }
    }

    [Theory]
    [MemberData(nameof(InvalidHeaders))]
    public async Task ReadAsync_InvalidHeaderSplitAnywhere_SaysWhatIsWrong(string header)
    {
        foreach (var stream in AllSplits(ToBytes(header)))
        {
            var result = await ReadAsync(stream);

            Assert.Equal(ProxyProtocolStatus.Invalid, result.Status);
            Assert.NotNull(result.Error);
            Assert.Null(result.Source);
            Assert.Null(result.Destination);
        }
    }

    [Theory]
    [MemberData(nameof(OtherProtocols))]
    public async Task ReadAsync_NoHeader_ConsumesNothing(string bytes)
    {
        var expected = Encoding.Latin1.GetBytes(bytes);
        for (var i = 0; i < expected.Length; i++)
        {
            var stream = ChunkedTransportStream.Split(expected, i);
            Assert.Equal(ProxyProtocolStatus.Absent, (await ReadAsync(stream)).Status);
            Assert.Equal(expected, await ReadToEndAsync(stream));
        }
    }

    [Theory]
    [InlineData("X", 1)]
    [InlineData("PX", 2)]
    [InlineData("PROXX", 5)]
    [InlineData("\r\nX", 3)]
    public async Task ReadAsync_ByteThatRulesAHeaderOut_DecidesWithoutMore(string bytes, int decisive)
    {
        var chunks = new List<byte[]>();
        foreach (var c in bytes + "more")
        {
            chunks.Add([(byte)c]);
        }

        var stream = new ChunkedTransportStream(chunks);
        Assert.Equal(ProxyProtocolStatus.Absent, (await ReadAsync(stream)).Status);
        Assert.Equal(decisive, stream.Received);
    }

    [Fact]
    public async Task ReadAsync_LineWithoutEnd_GivesUpWithin107Bytes()
    {
        var stream = ChunkedTransportStream.Dribble(ToBytes("PROXY UNKNOWN " + new string('x', 300)));
        Assert.Equal(ProxyProtocolStatus.Invalid, (await ReadAsync(stream)).Status);
        Assert.InRange(stream.Received, 0, 107);
    }

    [Fact]
    public async Task ReadAsync_TooLongVersion2_GivesUpAtTheLength()
    {
        var stream = ChunkedTransportStream.Dribble([.. ToBytes(Signature + "21" + "00" + "0801"), .. new byte[2049]]);
        Assert.Equal(ProxyProtocolStatus.Invalid, (await ReadAsync(stream)).Status);
        Assert.Equal(16, stream.Received);
    }

    [Fact]
    public async Task ReadAsync_LongestVersion2_IsTaken()
    {
        var header = ToBytes(Signature + "21" + "11" + "0800" + TcpAddresses + "04" + (2048 - 12 - 3).ToString("X4") + new string('0', 2 * (2048 - 12 - 3)));
        var stream = new ChunkedTransportStream([[.. header, .. Payload]]);
        Assert.Equal("192.168.0.1:56324", (await ReadAsync(stream)).Source?.ToString());
        Assert.Equal(Payload, await ReadToEndAsync(stream));
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", 5)]
    [InlineData(Signature + "21" + "11" + "000C" + TcpAddresses, 12)]
    public async Task ReadAsync_EndWithinHeader_IsInvalidOnceTheSignatureIsThere(string header, int signatureLength)
    {
        var bytes = ToBytes(header);
        for (var length = 0; length < bytes.Length; length++)
        {
            var stream = new ChunkedTransportStream([bytes[..length]]);
            var expected = length == 0 ? ProxyProtocolStatus.EndOfStream
                : length < signatureLength ? ProxyProtocolStatus.Absent
                : ProxyProtocolStatus.Invalid;
            Assert.Equal(expected, (await ReadAsync(stream)).Status);
        }
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", ProxyProtocolVersions.V2)]
    [InlineData(Signature + "21" + "11" + "000C" + TcpAddresses, ProxyProtocolVersions.V1)]
    public async Task ReadAsync_HeaderOfAnotherVersion_IsNone(string header, object versions)
    {
        var bytes = ToBytes(header);
        var stream = new ChunkedTransportStream([bytes]);
        var result = await ProxyProtocolReader.ReadAsync(stream, (ProxyProtocolVersions)versions, default);
        Assert.Equal(ProxyProtocolStatus.Absent, result.Status);
        Assert.Equal(bytes, await ReadToEndAsync(stream));
    }

    [Fact]
    public async Task ReadAsync_TwoHeaders_TakesTheFirst()
    {
        var second = ToBytes("PROXY TCP4 198.51.100.1 198.51.100.2 3 4\r\n");
        var stream = new ChunkedTransportStream([[.. ToBytes("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), .. second]]);
        Assert.Equal("192.0.2.1:1", (await ReadAsync(stream)).Source?.ToString());
        Assert.Equal(second, await ReadToEndAsync(stream));
    }

    [Fact]
    public async Task ReadAsync_CanceledWhileSilent_SaysSoAndKeepsTheBytes()
    {
        using var deadline = new CancellationTokenSource();
        var stream = ChunkedTransportStream.Silent("PRO"u8.ToArray());
        var reading = ProxyProtocolReader.ReadAsync(stream, ProxyProtocolVersions.Both, deadline.Token);
        Assert.False(reading.IsCompleted);
        await deadline.CancelAsync();
        Assert.Equal(ProxyProtocolStatus.Canceled, (await reading.AsTask().WaitAsync(TimeSpan.FromSeconds(30))).Status);
        Assert.Equal("PRO"u8.ToArray(), stream.Buffered.ToArray());
    }

    public static TheoryData<Exception> Failures => [new ObjectDisposedException("x"), new SocketException(104), new IOException(), new OperationCanceledException()];

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task ReadAsync_ConnectionFails_IsAResult(Exception exception) =>
        Assert.Equal(ProxyProtocolStatus.ClientGone, (await ReadAsync(ChunkedTransportStream.Failing(exception, "PROXY "u8.ToArray()))).Status);

    [Fact]
    public async Task ReadAsync_MutatedHeaders_NeverThrows()
    {
        var random = new Random(1);
        byte[][] seeds =
        [
            ToBytes("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
            ToBytes("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"),
            ToBytes("0d0a0d0a000d0a515549540a211100137f0000017f000001b26e74af0300045ed6791b"),
            ToBytes(Signature + "21" + "31" + "00D8" + Path("/run/a.sock") + Path("/b")),
        ];
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])seeds[i % seeds.Length].Clone();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                bytes[random.Next(5, bytes.Length)] = (byte)random.Next(256);
            }

            var result = await ReadAsync(new ChunkedTransportStream([bytes[..random.Next(bytes.Length + 1)]]));
            Assert.Equal(result.Status == ProxyProtocolStatus.Invalid, result.Error is not null);
        }
    }

    private static ValueTask<ProxyProtocolResult> ReadAsync(ChunkedTransportStream stream) =>
        ProxyProtocolReader.ReadAsync(stream, ProxyProtocolVersions.Both, CancellationToken.None);

    private static IEnumerable<ChunkedTransportStream> AllSplits(byte[] header)
    {
        byte[] bytes = [.. header, .. Payload];
        yield return ChunkedTransportStream.Dribble(bytes);
        for (var i = 0; i <= header.Length; i++)
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

    private static byte[] ToBytes(string header) => header.StartsWith("PROXY", StringComparison.Ordinal)
        ? Encoding.ASCII.GetBytes(header)
        : Convert.FromHexString(header);

    private static string Path(string path) => Convert.ToHexString(Encoding.UTF8.GetBytes(path.PadRight(108, '\0')));
}
