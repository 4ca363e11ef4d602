using System;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class ListenAddressParserTests
{
    [Theory]
    [InlineData("tcp://*:6432", ListenScheme.Tcp, "*", 6432, 6432)]
    [InlineData("tls://127.0.0.1:0", ListenScheme.Tls, "127.0.0.1", 0, 0)]
    [InlineData("udp://[::1]:20000-20100", ListenScheme.Udp, "::1", 20000, 20100)]
    [InlineData("tcp://localhost:1", ListenScheme.Tcp, "localhost", 1, 1)]
    [InlineData("tcp://[::]:65535", ListenScheme.Tcp, "::", 65535, 65535)]
    [InlineData("tcp://0.0.0.0:80", ListenScheme.Tcp, "0.0.0.0", 80, 80)]
    [InlineData("unix:/run/app.sock", ListenScheme.Unix, "/run/app.sock", 0, 0)]
    public void TryParse_Valid_GivesItsPartsAndWritesThemTheSame(string text, ListenScheme scheme, string host, int first, int last)
    {
        Assert.True(ListenAddressParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(new ListenAddress { Scheme = scheme, Host = host, FirstPort = first, LastPort = last }, value);
        Assert.Equal(text, value.ToString());
    }

    [Theory]
    [InlineData("TCP://LOCALHOST:1", "tcp://localhost:1")]
    [InlineData("tcp://[2001:DB8:0::1]:1", "tcp://[2001:db8::1]:1")]
    [InlineData("tcp://[::ffff:127.0.0.1]:1", "tcp://127.0.0.1:1")]
    [InlineData("UNIX:/Run/A", "unix:/Run/A")]
    [InlineData("tcp://*:5-5", "tcp://*:5")]
    public void TryParse_OtherSpelling_GivesOneForm(string text, string expected)
    {
        Assert.True(ListenAddressParser.TryParse(text, out var value, out var error), error);
        Assert.Equal(expected, value.ToString());
    }

    [Theory]
    [InlineData("*:6432", "did you mean 'tcp://*:6432'?")]
    [InlineData(":6432", "did you mean 'tcp://*:6432'?")]
    [InlineData("6432", "did you mean 'tcp://*:6432'?")]
    [InlineData("/run/app.sock", "did you mean 'unix:/run/app.sock'?")]
    [InlineData("nonsense", "has no scheme")]
    [InlineData("", "has no scheme")]
    [InlineData("tpc://*:1", "did you mean 'tcp'? valid schemes: tcp, tls, udp, unix")]
    [InlineData("http://*:80", "belongs under Kestrel:Endpoints")]
    [InlineData("https://*:443", "belongs under Kestrel:Endpoints")]
    [InlineData("tcp://*", "has no port")]
    [InlineData("tcp://[::1]", "has no port")]
    [InlineData("tcp://", "has no port")]
    [InlineData("tcp://*:", "the port '' is not a port")]
    [InlineData("tcp://*:65536", "'65536' is not a port")]
    [InlineData("tcp://*:2-1", "did you mean '1-2'?")]
    [InlineData("tcp://*:0-5", "starts at 0")]
    [InlineData("tcp://::1:80", "did you mean '[::1]'?")]
    [InlineData("tcp://[127.0.0.1]:80", "is not an IP address")]
    [InlineData("tcp://example.com:80", "the address 'example.com' is not an IP address")]
    [InlineData("tcp://:80", "the address '' is not an IP address")]
    [InlineData("tcp://127.1:80", "is not an IP address")]
    [InlineData("tcp://*:80/", "has a '/' in it")]
    [InlineData("tcp://*:80?x", "has a '?' in it")]
    [InlineData("tcp://u:secret@*:80", "'tcp://***@*:80' has a '@' in it")]
    [InlineData("unix:run/app.sock", "is not the absolute path")]
    [InlineData("unix:", "is not the absolute path")]
    [InlineData("unix:/run/", "is not the absolute path")]
    [InlineData("unix:///run/app.sock", "did you mean 'unix:/run/app.sock'?")]
    [InlineData("unix:/a\0b", "NUL character")]
    public void TryParse_Invalid_SaysWhy(string text, string expected)
    {
        Assert.False(ListenAddressParser.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_SocketPathTooLongForTheKernel_SaysTheLimit()
    {
        Assert.True(ListenAddressParser.TryParse($"unix:/{new string('a', 102)}", out _, out _));
        Assert.False(ListenAddressParser.TryParse($"unix:/{new string('a', 103)}", out _, out var error));
        Assert.Contains("103 bytes", error, StringComparison.Ordinal);
    }
}
