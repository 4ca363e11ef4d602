using System;
using System.Linq;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class ListenerConflictValidatorTests : IDisposable
{
    private const string Tls = "\"Tls\": { \"Certificate\": { \"Subject\": \"a\" } }";

    private readonly ConfigFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("tcp://127.0.0.1:80", "tcp://127.0.0.2:80")]
    [InlineData("tcp://127.0.0.1:80", "tcp://[::1]:80")]
    [InlineData("tcp://0.0.0.0:80", "tcp://[::1]:80")]
    [InlineData("tcp://0.0.0.0:80", "tcp://[::]:80")]
    [InlineData("tcp://localhost:80", "tcp://192.0.2.1:80")]
    [InlineData("tcp://*:80", "tcp://*:81")]
    [InlineData("tcp://*:80-89", "tcp://*:90-99")]
    [InlineData("tcp://*:0", "tcp://*:0")]
    [InlineData("tcp://*:0", "tcp://127.0.0.1:0")]
    [InlineData("unix:/a", "unix:/b")]
    [InlineData("unix:/a", "tcp://*:80")]
    [InlineData("udp://*:53", "tcp://*:53")]
    [InlineData("udp://127.0.0.1:53", "tls://*:53")]
    [InlineData("udp://127.0.0.1:53", "udp://127.0.0.2:53")]
    [InlineData("udp://*:0", "udp://*:0")]
    public void Validate_DifferentAddresses_Agree(string a, string b) => Assert.Empty(_fixture.CheckStreams(Streams(a, b)));

    [Theory]
    [InlineData("tcp://*:80", "tcp://127.0.0.1:80")]
    [InlineData("tcp://127.0.0.1:80", "tcp://*:80")]
    [InlineData("tcp://0.0.0.0:80", "tcp://127.0.0.1:80")]
    [InlineData("tcp://[::]:80", "tcp://[2001:db8::1]:80")]
    [InlineData("tcp://localhost:80", "tcp://127.0.0.1:80")]
    [InlineData("tcp://localhost:80", "tcp://[::1]:80")]
    [InlineData("tcp://localhost:80", "tcp://*:80")]
    [InlineData("tcp://*:80-89", "tcp://*:85")]
    [InlineData("tcp://*:80-89", "tcp://127.0.0.1:89-99")]
    [InlineData("tcp://*:80", "tls://*:80")]
    public void Validate_OverlappingAddresses_NamesTheLaterAndTheEarlier(string a, string b)
    {
        var error = Assert.Single(_fixture.CheckStreams(Streams(a, b)));
        Assert.Equal("WmProxy:Streams:b:Listen", error.Path);
        Assert.Contains($"'{b}' takes the same address as '{a}' of WmProxy:Streams:a:Listen", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("udp://*:53", "udp://127.0.0.1:53")]
    [InlineData("udp://localhost:53", "udp://[::1]:53")]
    [InlineData("udp://*:50-59", "udp://*:53")]
    public void Validate_OverlappingUdpAddresses_NamesTheLaterAndTheEarlier(string a, string b)
    {
        var error = Assert.Single(_fixture.CheckStreams(Streams(a, b)));
        Assert.Equal("WmProxy:Streams:b:Listen", error.Path);
        Assert.Contains($"'{b}' takes the same address as '{a}' of WmProxy:Streams:a:Listen", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("can share it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_TwoUdpStreamsOnOneAddress_IsAnError()
    {
        var error = Assert.Single(_fixture.CheckStreams(Streams("udp://*:53", "udp://*:53")));
        Assert.Equal("WmProxy:Streams:b:Listen", error.Path);
        Assert.Contains("is taken by the stream 'a' already", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://*:80", "tcp://127.0.0.1:80", true)]
    [InlineData("http://+:80", "tcp://127.0.0.1:80", true)]
    [InlineData("http://[::]:80", "tcp://127.0.0.1:80", true)]
    [InlineData("http://example.com", "tcp://[::1]:80", true)]
    [InlineData("https://localhost:443", "tls://[::1]:443", true)]
    [InlineData("https://localhost", "tcp://127.0.0.1:440-450", true)]
    [InlineData("http://unix:/run/a.sock", "unix:/run/a.sock", true)]
    [InlineData("http://localhost:80", "tcp://192.0.2.1:80", false)]
    [InlineData("http://*:80", "udp://*:80", false)]
    [InlineData("http://*:80", "tcp://*:81", false)]
    [InlineData("http://127.0.0.1:0", "tcp://127.0.0.1:0", false)]
    [InlineData("http://unix:/run/a.sock", "unix:/run/b.sock", false)]
    public void Validate_StreamAndKestrel_CollideOnTheSameAddress(string url, string listen, bool collides)
    {
        var errors = _fixture.Check($$"""
            { "Kestrel": { "Endpoints": { "Http": { "Url": "{{url}}" } } },
              "WmProxy": { "Streams": { "a": { "Listen": [ "{{listen}}" ], "ClusterId": "{{ClusterFor(listen)}}"{{(listen.StartsWith("tls", StringComparison.Ordinal) ? $", {Tls}" : "")}} } } } }
            """, context => context with { IsStandalone = false });
        Assert.Equal(collides ? ["WmProxy:Streams:a:Listen:0"] : [], errors.Select(error => error.Path));
        Assert.All(errors, error => Assert.Contains("of Kestrel:Endpoints:Http:Url", error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://*:443", "\"Protocols\": \"Http1AndHttp2AndHttp3\"", "", true)]
    [InlineData("https://*:443", "\"protocols\": \"http3\"", "", true)]
    [InlineData("https://*:443", "", "\"EndpointDefaults\": { \"Protocols\": \"Http3\" },", true)]
    [InlineData("https://*:443", "\"Protocols\": \"Http2\"", "\"EndpointDefaults\": { \"Protocols\": \"Http3\" },", false)]
    [InlineData("https://*:443", "", "", false)]
    [InlineData("http://*:443", "\"Protocols\": \"Http1AndHttp2AndHttp3\"", "", false)]
    [InlineData("https://*:444", "\"Protocols\": \"Http3\"", "", false)]
    public void Validate_UdpStreamAndHttp3_CollideOnTheSamePort(string url, string endpoint, string defaults, bool collides)
    {
        var errors = _fixture.Check($$"""
            { "Kestrel": { {{defaults}} "Endpoints": { "Http": { "Url": "{{url}}"{{(endpoint.Length > 0 ? "," : "")}} {{endpoint}} } } },
              "WmProxy": { "Streams": { "a": { "Listen": "udp://127.0.0.1:443", "ClusterId": "dns" } } } }
            """, context => context with { IsStandalone = false });
        Assert.Equal(collides ? ["WmProxy:Streams:a:Listen"] : [], errors.Select(error => error.Path));
        Assert.All(errors, error => Assert.EndsWith("of Kestrel:Endpoints:Http:Url, as HTTP/3 is UDP", error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_KestrelEndpoints_LeavesTheirConflictsToKestrel()
    {
        Assert.Empty(_fixture.Check("""{ "Kestrel": { "Endpoints": { "A": { "Url": "http://*:80" }, "B": { "Url": "http://*:80" } } } }"""));
    }

    [Fact]
    public void Validate_KestrelUrlWithoutScheme_IsAnError()
    {
        var error = Assert.Single(_fixture.Check("""{ "Kestrel": { "Endpoints": { "A": { "Url": "localhost" } } } }"""));
        Assert.Equal("Kestrel:Endpoints:A:Url", error.Path);
    }

    [Theory]
    [InlineData("\"tcp://*:1\", \"tcp://*:1\"", "'tcp://*:1' is listed twice")]
    [InlineData("\"tcp://*:0\", \"tcp://*:0\"", "'tcp://*:0' is listed twice")]
    [InlineData("\"tcp://*:1\", \"tcp://127.0.0.1:1\"", "takes the same address as 'tcp://*:1'")]
    public void Validate_OneStreamTakesAnAddressTwice_IsAnError(string addresses, string message)
    {
        var error = Assert.Single(_fixture.CheckStreams($"\"a\": {{ \"Listen\": [ {addresses} ], \"ClusterId\": \"pg\" }}"));
        Assert.Equal("WmProxy:Streams:a:Listen:1", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"ServerNames\": [ \"a\" ]", "\"ServerNames\": [ \"b\" ]")]
    [InlineData("\"ServerNames\": [ \"a\" ]", "\"ServerNames\": [ \"*.a\" ]")]
    [InlineData("\"ServerNames\": [ \"a\" ]", "")]
    [InlineData("\"AlpnProtocols\": [ \"h2\" ]", "")]
    [InlineData("\"ServerNames\": [ \"a\" ], \"AlpnProtocols\": [ \"h2\" ]", "\"ServerNames\": [ \"a\" ], \"AlpnProtocols\": [ \"http/1.1\" ]")]
    [InlineData("\"ServerNames\": [ \"a\" ], \"AlpnProtocols\": [ \"h2\" ]", "\"ServerNames\": [ \"a\" ]")]
    [InlineData("\"AlpnProtocols\": [ \"h2\" ]", "\"AlpnProtocols\": [ \"H2\" ]")]
    public void Validate_SharedAddressToldApart_Agrees(string a, string b) => Assert.Empty(_fixture.CheckStreams(Shared(a, b)));

    [Theory]
    [InlineData("", "", "Listen", "neither has a 'Match'")]
    [InlineData("\"ServerNames\": [ \"a\", \"b\" ]", "\"ServerNames\": [ \"c\", \"B\" ]", "Match", "takes the server name 'b' on 'tcp://*:443', as the stream 'a' does")]
    [InlineData("\"AlpnProtocols\": [ \"h2\" ]", "\"AlpnProtocols\": [ \"h2\" ]", "Match", "takes the ALPN protocol 'h2'")]
    [InlineData(
        "\"ServerNames\": [ \"a\" ], \"AlpnProtocols\": [ \"h2\", \"x\" ]", "\"ServerNames\": [ \"a\" ], \"AlpnProtocols\": [ \"x\" ]", "Match",
        "takes the server name 'a' with ALPN protocol 'x'")]
    public void Validate_SharedAddressNotToldApart_IsAnError(string a, string b, string path, string message)
    {
        var error = Assert.Single(_fixture.CheckStreams(Shared(a, b)));
        Assert.Equal($"WmProxy:Streams:b:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SharedAddressesWithOneCommonName_ReportsEachAddress()
    {
        var errors = _fixture.CheckStreams("""
            "a": { "Listen": [ "tcp://*:443", "unix:/a" ], "ClusterId": "pg", "Match": { "ServerNames": [ "a" ] } },
            "b": { "Listen": [ "tcp://*:443", "unix:/a" ], "ClusterId": "pg", "Match": { "ServerNames": [ "a" ] } }
            """);
        Assert.Equal(["WmProxy:Streams:b:Match", "WmProxy:Streams:b:Match"], errors.Select(error => error.Path));
    }

    [Theory]
    [InlineData("\"10.0.0.0/8\"", "\"10.0.0.0/8\"", true)]
    [InlineData("\"10.0.0.0/8\"", "\"172.16.0.0/12\"", false)]
    [InlineData("\"10.0.0.0/8\"", null, false)]
    public void Validate_SharedAddress_NeedsOneProxyProtocol(string a, string? b, bool agrees)
    {
        var errors = _fixture.CheckStreams($$"""
            "a": { "Listen": "tcp://*:443", "ClusterId": "pg", "ProxyProtocol": { "Accept": { "From": [ {{a}} ] } } },
            "b": { "Listen": "tcp://*:443", "ClusterId": "pg", "Match": { "ServerNames": [ "b" ] }{{(b is null ? "" : $", \"ProxyProtocol\": {{ \"Accept\": {{ \"From\": [ {b} ] }} }}")}} }
            """);
        Assert.Equal(agrees ? [] : ["WmProxy:Streams:b:ProxyProtocol:Accept"], errors.Select(error => error.Path));
    }

    private static string Streams(string a, string b)
    {
        return string.Join(", ", new[] { ("a", a), ("b", b) }.Select(item =>
            $"\"{item.Item1}\": {{ \"Listen\": \"{item.Item2}\", \"ClusterId\": \"{ClusterFor(item.Item2)}\"{(item.Item2.StartsWith("tls", StringComparison.Ordinal) ? $", {Tls}" : "")} }}"));
    }

    private static string ClusterFor(string listen) => listen.StartsWith("udp", StringComparison.Ordinal) ? "dns" : "pg";

    private static string Shared(string a, string b)
    {
        return $$"""
            "a": { "Listen": "tcp://*:443", "ClusterId": "pg", "Match": { {{a}} } },
            "b": { "Listen": "tcp://*:443", "ClusterId": "pg", "Match": { {{b}} } }
            """;
    }
}
