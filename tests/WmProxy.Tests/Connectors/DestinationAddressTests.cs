using System.Net;
using System.Net.Sockets;
using WmProxy.Connectors;

namespace WmProxy.Tests.Connectors;

public sealed class DestinationAddressTests
{
    [Theory]
    [InlineData("tcp://10.0.0.5:5432", "tcp", "10.0.0.5", 5432)]
    [InlineData("TLS://10.0.0.5:1", "tls", "10.0.0.5", 1)]
    [InlineData("tcp://[::1]:65535", "tcp", "::1", 65535)]
    [InlineData("tcp://[2001:DB8:0::1]:80", "tcp", "2001:db8::1", 80)]
    [InlineData("tcp://[::ffff:192.0.2.1]:80", "tcp", "192.0.2.1", 80)]
    [InlineData("tcp://127.0.0.1:6000/", "tcp", "127.0.0.1", 6000)]
    [InlineData("UDP://[::1]:53", "udp", "::1", 53)]
    public void TryParse_IPAddress_HasEndPoint(string address, string scheme, string host, int port)
    {
        Assert.True(DestinationAddress.TryParse(address, null, out var result, out _));
        Assert.Equal(scheme, result.Scheme);
        Assert.Equal(host, result.Host);
        Assert.Equal(port, result.Port);
        Assert.Equal(new IPEndPoint(IPAddress.Parse(host), port), result.EndPoint);
        Assert.Equal(host, result.ServerName);
    }

    [Theory]
    [InlineData("tcp://db.example:5432", "db.example", 5432)]
    [InlineData("tls://my_db-1:7", "my_db-1", 7)]
    [InlineData("udp://dns.example:53", "dns.example", 53)]
    public void TryParse_Name_HasNoEndPoint(string address, string host, int port)
    {
        Assert.True(DestinationAddress.TryParse(address, null, out var result, out _));
        Assert.Equal(host, result.Host);
        Assert.Equal(port, result.Port);
        Assert.Null(result.EndPoint);
        Assert.Equal(address, result.ToString());
    }

    [Theory]
    [InlineData("unix:/run/app.sock")]
    [InlineData("unix:///run/app.sock")]
    public void TryParse_Unix_HasPath(string address)
    {
        Assert.True(DestinationAddress.TryParse(address, null, out var result, out _));
        Assert.Equal("/run/app.sock", result.Host);
        Assert.Equal(0, result.Port);
        Assert.IsType<UnixDomainSocketEndPoint>(result.EndPoint);
        Assert.Equal("unix:/run/app.sock", result.ToString());
    }

    [Theory]
    [InlineData("name.example", "name.example")]
    [InlineData("name.example:6000", "name.example")]
    [InlineData("[::1]:6000", "::1")]
    [InlineData("::1", "::1")]
    [InlineData("", "10.0.0.5")]
    public void TryParse_Host_IsServerName(string host, string expected)
    {
        Assert.True(DestinationAddress.TryParse("tls://10.0.0.5:1", host, out var result, out _));
        Assert.Equal(expected, result.ServerName);
    }

    [Theory]
    [InlineData("", "scheme")]
    [InlineData("10.0.0.5", "scheme")]
    [InlineData("10.0.0.5:5432", "scheme '10.0.0.5'")]
    [InlineData("http://a", "scheme 'http'")]
    [InlineData("tcp:a:1", "tcp://host:port")]
    [InlineData("tcp:/a:1", "tcp://host:port")]
    [InlineData("tcp://a", "no port")]
    [InlineData("tcp://a:", "no port")]
    [InlineData("udp:a:1", "udp://host:port")]
    [InlineData("tcp://[::1]", "no port")]
    [InlineData("tcp://[::1]80", "no port")]
    [InlineData("tcp://a:0", "'0'")]
    [InlineData("tcp://a:65536", "'65536'")]
    [InlineData("tcp://a:99999999999", "'99999999999'")]
    [InlineData("tcp://a:+1", "'+1'")]
    [InlineData("tcp://a: 1", "' 1'")]
    [InlineData("tcp://a:x", "'x'")]
    [InlineData("tcp://:1", "''")]
    [InlineData("tcp://::1:80", "brackets")]
    [InlineData("tcp://[::1:80", "']'")]
    [InlineData("tcp://[a]:80", "not an IPv6 address")]
    [InlineData("tcp://[127.0.0.1]:80", "not an IPv6 address")]
    [InlineData("tcp://127.1:80", "'127.1'")]
    [InlineData("tcp://256.0.0.1:80", "'256.0.0.1'")]
    [InlineData("tcp://a b:80", "'a b'")]
    [InlineData("tcp://a:1/path", "path")]
    [InlineData("tcp://a:1?q", "path")]
    [InlineData("tcp://a:1#f", "path")]
    [InlineData("unix:", "unix:/path")]
    [InlineData("unix:/", "unix:/path")]
    [InlineData("unix:run/a", "unix:/path")]
    [InlineData("unix://host/a", "unix:/path")]
    public void TryParse_Malformed_SaysWhat(string address, string expected)
    {
        Assert.False(DestinationAddress.TryParse(address, null, out var result, out var error));
        Assert.Null(result);
        Assert.Contains(expected, error);
    }

    [Fact]
    public void TryParse_UserInfo_IsRefusedWithoutShowingIt()
    {
        Assert.False(DestinationAddress.TryParse("tcp://user:secret@a:1", null, out _, out var error));
        Assert.Contains("user name", error);
        Assert.DoesNotContain("secret", error);
    }

    [Theory]
    [InlineData(107, true)]
    [InlineData(108, false)]
    public void TryParse_UnixPathLength_IsThatOfSockaddr(int length, bool expected) =>
        Assert.Equal(expected, DestinationAddress.TryParse("unix:/" + new string('a', length - 1), null, out _, out _));
}
