using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using WmProxy.Configuration.Validation;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class StreamValidationTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public StreamValidationTests()
    {
        _fixture.Write("c.pem", "");
        _fixture.Write("k.pem", "");
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\"")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"PG\"")]
    [InlineData("\"Listen\": \"unix:/run/a\", \"To\": [ \"tls://[::1]:1\", \"unix:/run/b\", \"tcp://db.example:5432\", \"TCP://a:1\" ]")]
    [InlineData("\"Listen\": [ \"tcp://*:1\", \"tcp://*:2-9\" ], \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"*.a.example\", \"xn--mnchen-3ya.example\", \"_x\" ], \"AlpnProtocols\": [ \"h2\" ] }")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\", \"KeyPath\": \"k.pem\" } }, \"Match\": { \"ServerNames\": [ \"a\" ] }")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Sni\": { \"*\": { \"Certificate\": { \"Subject\": \"a\" } } } }")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"ClientCertificateMode\": \"RequireCertificate\" }")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"Sni\": { \"a\": { \"ClientCertificateMode\": \"AllowCertificate\" } }, \"ClientCertificateAuthorities\": \"k.pem\" }")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"ConnectAttempts\": 1, \"MaxConnections\": 0, \"MaxConnectionsPerClient\": 0, \"ProxyProtocol\": { \"Accept\": { \"From\": [ \"::1\" ] } }")]
    [InlineData("\"Listen\": \"udp://*:53\", \"ClusterId\": \"dns\"")]
    [InlineData("\"Listen\": [ \"udp://*:53\", \"udp://127.0.0.1:54-60\" ], \"To\": [ \"udp://[::1]:1\", \"UDP://a.example:1\" ]")]
    [InlineData("\"Listen\": \"udp://*:53\", \"ClusterId\": \"dns\", \"MaxSessions\": 0, \"MaxConnectionsPerClient\": 5, \"Requests\": 1, \"Responses\": 1, \"IdleTimeout\": \"5s\", \"AccessLog\": true")]
    [InlineData("\"Listen\": \"udp://*:53\", \"ClusterId\": \"dns\", \"Access\": { \"Allow\": [ \"::1\" ] }, \"Bandwidth\": { \"Upload\": \"1MB/s\" }, \"ProxyProtocol\": { \"Send\": \"V2\" }")]
    public void Validate_GoodStream_HasNoErrors(string keys) => Assert.Empty(_fixture.CheckStreams($"\"s\": {{ {keys} }}"));

    [Theory]
    [InlineData("\"ClusterId\": \"pg\"", "Listen", "is required")]
    [InlineData("\"Listen\": [], \"ClusterId\": \"pg\"", "Listen", "is required")]
    [InlineData("\"Listen\": \"tcp://*:1\"", "ClusterId", "is required, or 'To'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": []", "ClusterId", "is required, or 'To'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"To\": \"tcp://a:1\"", "To", "stands beside 'ClusterId'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pgg\"", "ClusterId", "there is no cluster 'pgg' under ReverseProxy:Clusters; did you mean 'pg'? clusters: pg, web, dns")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"a:1\"", "To", "did you mean 'tcp://a:1'?")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": [ \"tcp://a:1\", \"a\" ]", "To:1", "has no scheme; destinations of streams are 'tcp://host:port', 'tls://host:port' or 'unix:/path'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"http://a:1\"", "To", "only routes of ReverseProxy:Routes can use")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"udp://a:1\"", "To", "takes datagrams, which only streams that listen on udp:// have; destinations of streams are 'tcp://host:port'")]
    [InlineData("\"Listen\": \"udp://*:1\", \"To\": \"tcp://a:1\"", "To", "'tcp://a:1' takes connections, not datagrams; destinations of streams that listen on udp:// are 'udp://host:port'")]
    [InlineData("\"Listen\": \"udp://*:1\", \"To\": \"unix:/a\"", "To", "takes connections, not datagrams")]
    [InlineData("\"Listen\": \"udp://*:1\", \"To\": \"a:1\"", "To", "did you mean 'udp://a:1'?")]
    [InlineData("\"Listen\": \"udp://*:1\", \"To\": \"udp://a\"", "To", "has no port; write udp://host:port")]
    [InlineData("\"Listen\": \"udp://*:1\", \"To\": \"http://a\"", "To", "only routes of ReverseProxy:Routes can use; destinations of streams that listen on udp://")]
    [InlineData("\"Listen\": [ \"udp://*:1\", \"tcp://*:1\" ], \"ClusterId\": \"dns\"", "Listen", "'udp://*:1' and 'tcp://*:1' cannot be of one stream")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"Match\": { \"ServerNames\": [ \"a\" ] }", "Match", "nothing in a datagram is looked at")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"ConnectTimeout\": \"1s\"", "ConnectTimeout", "is for streams that listen on tcp://, tls:// or unix:; a UDP session does not connect")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"ConnectAttempts\": 1", "ConnectAttempts", "a UDP session does not connect")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"HalfCloseTimeout\": \"1s\"", "HalfCloseTimeout", "ends after 'IdleTimeout'")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"MaxConnections\": 1", "MaxConnections", "use 'MaxSessions'")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" } }", "Tls", "UDP has no TLS")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"ProxyProtocol\": { \"Accept\": { \"From\": [ \"::1\" ] } }", "ProxyProtocol:Accept", "no PROXY header is read")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"ProxyProtocol\": { \"Send\": \"V1\" }", "ProxyProtocol:Send", "use 'V2'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"MaxSessions\": 1", "MaxSessions", "is for streams that listen on udp://; use 'MaxConnections'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Requests\": 1", "Requests", "is for streams that listen on udp://")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Responses\": 1", "Responses", "is for streams that listen on udp://")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"MaxSessions\": -1", "MaxSessions", "-1 is too low; the least is 0, which means no limit")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"Requests\": -1", "Requests", "the least is 0")]
    [InlineData("\"Listen\": \"udp://*:1\", \"ClusterId\": \"dns\", \"Responses\": -1", "Responses", "the least is 0")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"wss://a\"", "To", "wss:// is not available in this version")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tunnel://a/b\"", "To", "tunnel:// is not available in this version")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"socks5://u:s3cret@a:1\"", "To", "'socks5://***@a:1': socks5:// is not available in this version")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"ftp://a:1\"", "To", "unknown scheme 'ftp'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://a\"", "To", "has no port")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://a:0\"", "To", "is not a port from 1 to 65535")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://:1\"", "To", "is neither a host name nor an IP address")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://*:1\"", "To", "is neither a host name nor an IP address")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://a:1/x\"", "To", "has a path")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://u:s3cret@a:1\"", "To", "has a user name")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"unix:a\"", "To", "is not of the form unix:/path")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"unix:///a\"", "To", "write it as 'unix:/run/app.sock'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://127.1:80\"", "To", "'127.1' in 'tcp://127.1:80' is neither")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://a:1/x?s3cret@b\"", "To", "has a path")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://::1:80\"", "To", "without brackets")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"unix:/\"", "To", "is not of the form unix:/path")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\"", "Tls", "is required for 'tls://*:1'")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" } }", "Tls", "has no effect")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"AlpnProtocols\": [ \"h2\" ] }", "Tls:Certificate", "is required, or 'Sni'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"x.pem\" } }", "Tls:Certificate:Path", "x.pem' does not exist")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \".\" } }", "Tls:Certificate:Path", "is a folder, not a file")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\", \"KeyPath\": \"x.pem\" } }", "Tls:Certificate:KeyPath", "x.pem' does not exist")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\", \"Subject\": \"a\" } }", "Tls:Certificate:Subject", "stands beside 'Path'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Password\": \"s3cret\", \"Subject\": \"a\" } }", "Tls:Certificate:Password", "has no effect without 'Path'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"KeyPath\": \"k.pem\", \"Subject\": \"a\" } }", "Tls:Certificate:KeyPath", "has no effect without 'Path'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\", \"Store\": \"My\" } }", "Tls:Certificate:Store", "has no effect without 'Subject'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\", \"AllowInvalid\": true } }", "Tls:Certificate:AllowInvalid", "has no effect without 'Subject'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Subject\": \"a\", \"Location\": \"LocalMachin\" } }", "Tls:Certificate:Location", "did you mean 'LocalMachine'?")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"AllowInvalid\": null, \"Path\": null, \"Subject\": null, \"KeyPath\": \"k.pem\" } }", "Tls:Certificate:Path", "is required, or 'Subject'", "Tls:Certificate:KeyPath")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Sni\": { \"a:443\": { \"Certificate\": { \"Path\": \"c.pem\" } } } }", "Tls:Sni:a:Certificate", "is required", "Tls:Sni:a:443")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Sni\": { \"a*\": { \"Certificate\": { \"Path\": \"c.pem\" } } } }", "Tls:Sni:a*", "a '*' stands for whole labels in front only")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Sni\": { \"a\": { \"ClientCertificateMode\": \"NoCertificate\" } } }", "Tls:Sni:a:Certificate", "is required, because 'Tls' has no 'Certificate'")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"ClientCertificateMode\": \"DelayCertificate\" }", "Tls:ClientCertificateMode", "valid values: NoCertificate")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"ClientCertificateAuthorities\": \"k.pem\" }", "Tls:ClientCertificateAuthorities", "has no effect")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"ClientCertificateMode\": \"RequireCertificate\", \"ClientCertificateAuthorities\": \"x.pem\" }", "Tls:ClientCertificateAuthorities", "does not exist")]
    [InlineData("\"Listen\": \"tls://*:1\", \"ClusterId\": \"pg\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"AlpnProtocols\": [ \"h2\", \"h2\" ] }", "Tls:AlpnProtocols:1", "listed twice")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"ConnectAttempts\": 0", "ConnectAttempts", "0 is too low; the least is 1")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"MaxConnections\": -1", "MaxConnections", "the least is 0, which means no limit")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"MaxConnectionsPerClient\": -1", "MaxConnectionsPerClient", "the least is 0")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Bandwidth\": { \"Per\": \"Client\" }", "Bandwidth:Per", "has no effect")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"ProxyProtocol\": { \"Accept\": { \"Required\": true } }", "ProxyProtocol:Accept:From", "is required")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"ProxyProtocol\": { \"Accept\": { \"From\": [] } }", "ProxyProtocol:Accept:From", "is required")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"a\", \"a.*.b\" ] }", "Match:ServerNames:1", "a '*' stands for whole labels in front only")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"*\" ] }", "Match:ServerNames:0", "a '*' stands for whole labels in front only")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"*.\" ] }", "Match:ServerNames:0", "is empty")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"a.example:443\" ] }", "Match:ServerNames:0", "did you mean 'a.example'?")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"a.example.\" ] }", "Match:ServerNames:0", "did you mean 'a.example'?")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"10.0.0.1\" ] }", "Match:ServerNames:0", "is an IP address")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"https://a\" ] }", "Match:ServerNames:0", "write the host alone")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"a..b\" ] }", "Match:ServerNames:0", "is not a server name")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\", \"Match\": { \"ServerNames\": [ \"münchen.example\" ] }", "Match:ServerNames:0", "did you mean 'xn--mnchen-3ya.example'?")]
    public void Validate_BadStream_NamesThePathAndWhatIsRight(string keys, string path, string message, string? otherPath = null)
    {
        var errors = _fixture.CheckStreams($"\"s\": {{ {keys} }}");
        var error = Assert.Single(errors, error => error.Path == $"WmProxy:Streams:s:{path}");
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.All(errors, other => Assert.Contains(other.Path, new[] { error.Path, $"WmProxy:Streams:s:{otherPath}" }));
        Assert.DoesNotContain("s3cret", string.Concat(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_AlpnTooLong_IsAnError()
    {
        var errors = _fixture.CheckStreams($$"""
            "s": { "Listen": "tcp://*:1", "ClusterId": "pg", "Match": { "AlpnProtocols": [ "{{new string('a', 255)}}", "{{new string('ä', 128)}}" ] } }
            """);
        Assert.Equal("WmProxy:Streams:s:Match:AlpnProtocols:1", Assert.Single(errors).Path);
    }

    [Fact]
    public void Validate_ToAndClusterOfTheSameName_IsAnError()
    {
        var error = Assert.Single(_fixture.CheckStreams("""
            "Web": { "Listen": "tcp://*:1", "To": "tcp://a:1" }
            """));
        Assert.Equal("WmProxy:Streams:Web:To", error.Path);
        Assert.Contains("has a cluster 'Web' already", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_ClusterOfAStreamWithHttpDestination_NamesTheDestination()
    {
        var errors = _fixture.Check(
            """{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://*:1", "ClusterId": "mixed" }, "t": { "Listen": "tcp://*:2", "ClusterId": "mixed" } } } }""",
            context => context with { Clusters = [ConfigFixture.Cluster("mixed", "tcp://a:1", "http://a:1"), ConfigFixture.Cluster("unused", "http://a:1")] });
        var error = Assert.Single(errors);
        Assert.Equal("ReverseProxy:Clusters:mixed:Destinations:d2:Address", error.Path);
    }

    [Theory]
    [InlineData("dns", "tcp", "ReverseProxy:Clusters:both:Destinations:d2:Address", "takes datagrams, which only streams that listen on udp:// have")]
    [InlineData("pg", "udp", "ReverseProxy:Clusters:both:Destinations:d1:Address", "(a UDP stream uses this cluster)")]
    public void Validate_ClusterWithDestinationsOfTheOtherKind_NamesTheDestination(string name, string scheme, string path, string message)
    {
        var error = Assert.Single(_fixture.Check(
            $$"""{ "WmProxy": { "Streams": { "{{name}}": { "Listen": "{{scheme}}://*:1", "ClusterId": "both" } } } }""",
            context => context with { Clusters = [ConfigFixture.Cluster("both", "tcp://a:1", "udp://a:1")] }));
        Assert.Equal(path, error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_ListenUnreadable_SaysNothingOfTheKindOfDestinations()
    {
        var errors = _fixture.CheckStreams("""
            "s": { "Listen": "upd://*:1", "To": [ "udp://a:1", "tcp://a:1" ], "MaxSessions": 1 }
            """);
        Assert.Equal("WmProxy:Streams:s:Listen", Assert.Single(errors).Path);
    }

    [Fact]
    public void Validate_LinuxEngine_NeedsLinux()
    {
        var errors = _fixture.Check("""{ "WmProxy": { "Engine": "Linux", "Streams": { "s": { "Listen": "tcp://*:1", "ClusterId": "pg" } } } }""");
        Assert.Equal(OperatingSystem.IsLinux() ? [] : ["WmProxy:Engine"], errors.Select(error => error.Path));
    }

    [Fact]
    public void Validate_UnreadableValue_IsReportedOnce()
    {
        var errors = _fixture.CheckStreams("""
            "s": { "Listen": [ "tls:/x" ], "ClusterId": "", "Tls": "x" }
            """);
        Assert.Equal(["WmProxy:Streams:s:Listen:0", "WmProxy:Streams:s:ClusterId", "WmProxy:Streams:s:Tls"], errors.Select(error => error.Path));
    }

    [Fact]
    public void Validate_ManyErrors_FindsAllInTheSpellingOfTheUser()
    {
        var errors = _fixture.Check("""
            { "wmproxy": { "streams": {
              "A": { "listen": "tls://*:1", "clusterid": "x", "connectAttempts": 0, "zzz": 1 },
              "B": { "listen": "tls://*:1", "to": "x" } } } }
            """);
        Assert.Equal(
            [
                "wmproxy:streams:A:zzz", "wmproxy:streams:A:Tls", "wmproxy:streams:A:connectAttempts", "wmproxy:streams:B:Tls",
                "wmproxy:streams:A:clusterid", "wmproxy:streams:B:to", "wmproxy:streams:B:listen",
            ],
            errors.Select(error => error.Path));
    }

    [Fact]
    public void Validate_DurationsAndRatesOfAConfigMadeInCode_AreChecked()
    {
        var config = new WmProxyConfig
        {
            DrainTimeout = TimeSpan.Zero,
            Streams = new([new("s", new StreamConfig
            {
                StreamId = "s",
                Listen = [new() { Scheme = ListenScheme.Tcp, Host = "*", FirstPort = 1, LastPort = 1 }],
                To = ["tcp://a:1"],
                ConnectTimeout = TimeSpan.Zero,
                IdleTimeout = TimeSpan.FromSeconds(-1),
                HalfCloseTimeout = TimeSpan.FromDays(50),
                Bandwidth = new BandwidthConfig { Upload = 0, Download = -1 },
            })]),
        };
        var errors = new List<ConfigError>();
        WmProxyConfigValidator.Validate(config, new ConfigValidationContext(), errors);
        Assert.Equal(
            [
                "WmProxy:Streams:s:ConnectTimeout", "WmProxy:Streams:s:IdleTimeout", "WmProxy:Streams:s:HalfCloseTimeout",
                "WmProxy:Streams:s:Bandwidth:Upload", "WmProxy:Streams:s:Bandwidth:Download", "WmProxy:DrainTimeout",
            ],
            errors.Select(error => error.Path));
    }
}
