using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections.ProxyProtocol;

namespace WmProxy.Tests.Connections.ProxyProtocol;

public sealed class ProxyProtocolWriterTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";

    [Theory]
    [InlineData("192.168.0.1:56324", "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("[2001:db8::1]:1", "[::1]:65535", "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n")]
    [InlineData("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")]
    [InlineData("[fe80::1%3]:1", "[::1]:2", "PROXY TCP6 fe80::1 ::1 1 2\r\n")]
    [InlineData("[::5efe:192.0.2.1]:1", "[::1]:2", "PROXY TCP6 0:0:0:0:0:5efe:c000:201 ::1 1 2\r\n")]
    [InlineData("192.0.2.1:1", "[::1]:2", "PROXY UNKNOWN\r\n")]
    [InlineData("/a", "/b", "PROXY UNKNOWN\r\n")]
    [InlineData("/a", "192.0.2.1:1", "PROXY UNKNOWN\r\n")]
    [InlineData(null, "192.0.2.1:1", "PROXY UNKNOWN\r\n")]
    [InlineData(null, null, "PROXY UNKNOWN\r\n")]
    public void Write_Version1_IsTheLine(string? source, string? destination, string expected) =>
        Assert.Equal(expected, Encoding.ASCII.GetString(ProxyProtocolWriter.Write(ProxyProtocolVersion.V1, Parse(source), Parse(destination))));

    [Theory]
    [InlineData("192.168.0.1:56324", "192.168.0.11:443", "2111000C" + "C0A80001" + "C0A8000B" + "DC04" + "01BB")]
    [InlineData("[::ffff:192.168.0.1]:56324", "192.168.0.11:443", "2111000C" + "C0A80001" + "C0A8000B" + "DC04" + "01BB")]
    [InlineData("[2001:db8::1]:1", "[::1]:2", "21210024" + "20010DB8000000000000000000000001" + "00000000000000000000000000000001" + "0001" + "0002")]
    [InlineData("192.168.0.1:1", "[::1]:2", "21210024" + "00000000000000000000FFFFC0A80001" + "00000000000000000000000000000001" + "0001" + "0002")]
    [InlineData("[::1]:1", "192.168.0.1:2", "21210024" + "00000000000000000000000000000001" + "00000000000000000000FFFFC0A80001" + "0001" + "0002")]
    [InlineData("/a", "192.0.2.1:1", "21000000")]
    [InlineData(null, "192.0.2.1:1", "21000000")]
    [InlineData("192.0.2.1:1", null, "21000000")]
    [InlineData(null, null, "20000000")]
    public void Write_Version2_IsTheHeader(string? source, string? destination, string expected) =>
        Assert.Equal(Signature + expected, Convert.ToHexString(ProxyProtocolWriter.Write(ProxyProtocolVersion.V2, Parse(source), Parse(destination))));

    // Section 2.2: the lowest four bits of the 14th byte are 2 for DGRAM; 0 and 0 stay UNSPEC.
    [Theory]
    [InlineData("192.168.0.1:56324", "192.168.0.11:53", "2112000C" + "C0A80001" + "C0A8000B" + "DC04" + "0035")]
    [InlineData("[::ffff:192.168.0.1]:56324", "192.168.0.11:53", "2112000C" + "C0A80001" + "C0A8000B" + "DC04" + "0035")]
    [InlineData("[2001:db8::1]:1", "[::1]:2", "21220024" + "20010DB8000000000000000000000001" + "00000000000000000000000000000001" + "0001" + "0002")]
    [InlineData("192.0.2.1:1", null, "21000000")]
    [InlineData(null, null, "20000000")]
    public void WriteDatagram_SaysDgram(string? source, string? destination, string expected) =>
        Assert.Equal(Signature + expected, Convert.ToHexString(ProxyProtocolWriter.WriteDatagram(Parse(source), Parse(destination))));

    [Fact]
    public void Write_UnixInVersion2_HasTwoPathsOf108Bytes()
    {
        var header = ProxyProtocolWriter.Write(ProxyProtocolVersion.V2, Parse("/run/a.sock"), new UnixDomainSocketEndPoint("\0b"));

        Assert.Equal(Signature + "213100D8", Convert.ToHexString(header[..16]));
        Assert.Equal("/run/a.sock".PadRight(108, '\0'), Encoding.ASCII.GetString(header[16..124]));
        Assert.Equal("\0b".PadRight(108, '\0'), Encoding.ASCII.GetString(header[124..]));
    }

    [Theory]
    [InlineData(1, "192.0.2.1:1", "192.0.2.2:65535")]
    [InlineData(1, "[2001:db8::1]:0", "[::1]:2")]
    [InlineData(2, "192.0.2.1:1", "192.0.2.2:65535")]
    [InlineData(2, "[2001:db8::1]:0", "[::1]:2")]
    [InlineData(2, "/run/a.sock", "/b")]
    public async Task Write_ThenRead_GivesTheSameAddresses(int version, string source, string destination)
    {
        var header = ProxyProtocolWriter.Write((ProxyProtocolVersion)version, Parse(source), Parse(destination));

        var result = await ProxyProtocolReader.ReadAsync(
            new ChunkedTransportStream([header]),
            ProxyProtocolVersions.Both,
            CancellationToken.None);

        Assert.Equal(new ProxyProtocolResult(ProxyProtocolStatus.Proxied, Parse(source), Parse(destination)), result);
    }

    private static EndPoint? Parse(string? text) =>
        text is null ? null
        : text[0] == '/' ? new UnixDomainSocketEndPoint(text)
        : IPEndPoint.Parse(text);
}
