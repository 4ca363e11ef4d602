using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Configuration.Reading;

public sealed class WmProxyConfigReaderTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "WmProxy": {} }""")]
    [InlineData("""{ "WmProxy": null }""")]
    [InlineData("""{ "WmProxy": [] }""")]
    [InlineData("""{ "WmProxy": { "Streams": {}, "StaticFiles": null, "StaticResponses": [], "Engine": null } }""")]
    public void Read_NothingSet_GivesEmptyConfig(string json) => Assert.Equal(new WmProxyConfig(), ConfigFixture.ReadValid(json));

    [Fact]
    public void Read_EveryStreamKey_GivesItsValue()
    {
        var config = ConfigFixture.ReadValid(FullConfig.Json);

        var stream = config.Streams["pg"];
        Assert.Equal("pg", stream.StreamId);
        Assert.Equal(["tcp://*:6432", "tls://[::1]:7000-7010", "unix:/run/pg.sock"], stream.Listen.Select(address => address.ToString()));
        Assert.Equal("cluster", stream.ClusterId);
        Assert.Equal(["*.shop.example", "b"], stream.Match!.ServerNames);
        Assert.Equal(["h2"], stream.Match.AlpnProtocols);
        Assert.Equal(TimeSpan.FromSeconds(1), stream.ConnectTimeout);
        Assert.Equal(2, stream.ConnectAttempts);
        Assert.Equal(TimeSpan.FromMinutes(5), stream.IdleTimeout);
        Assert.Equal(TimeSpan.FromMilliseconds(500), stream.HalfCloseTimeout);
        Assert.Equal(10, stream.MaxConnections);
        Assert.Equal(3, stream.MaxConnectionsPerClient);
        Assert.Equal("10.0.0.0/8, ::1/128", stream.Access!.Allow.ToString());
        Assert.Equal("10.1.0.0/16", stream.Access.Deny.ToString());
        Assert.Equal(new BandwidthConfig { Upload = 1_000_000, Download = 4096, Per = BandwidthScope.Client }, stream.Bandwidth);
        Assert.Equal([ProxyProtocolVersion.V1, ProxyProtocolVersion.V2], stream.ProxyProtocol!.Accept!.Versions);
        Assert.Equal("192.0.2.0/24", stream.ProxyProtocol.Accept.From.ToString());
        Assert.False(stream.ProxyProtocol.Accept.Required);
        Assert.Equal(ProxyProtocolVersion.V2, stream.ProxyProtocol.Send);
        Assert.Equal(new CertificateConfig { Path = "c.pem", KeyPath = "k.pem", Password = "secret" }, stream.Tls!.Certificate);
        Assert.Equal(
            new CertificateConfig { Subject = "s", Store = "My", Location = "LocalMachine", AllowInvalid = true },
            stream.Tls.Sni["*.a.example"].Certificate);
        Assert.Equal(ClientCertificateMode.AllowCertificate, stream.Tls.Sni["*.a.example"].ClientCertificateMode);
        Assert.Equal(ClientCertificateMode.RequireCertificate, stream.Tls.ClientCertificateMode);
        Assert.Equal("ca.pem", stream.Tls.ClientCertificateAuthorities);
        Assert.Equal(["http/1.1"], stream.Tls.AlpnProtocols);
        Assert.True(stream.AccessLog);
        Assert.Equal(["tcp://10.0.0.5:22"], config.Streams["ssh"].To);
        Assert.Equal((100, 5, 6), (stream.MaxSessions, stream.Requests, stream.Responses));
        Assert.Equal(["udp://*:53", "udp://[::1]:5300-5301"], config.Streams["dns"].Listen.Select(address => address.ToString()));
        Assert.Equal(RelayEngineKind.Portable, config.Engine);
        Assert.Equal(TimeSpan.FromSeconds(20), config.DrainTimeout);
    }

    [Fact]
    public void Read_EveryStaticKey_GivesItsValue()
    {
        var config = ConfigFixture.ReadValid(FullConfig.Json);

        var files = config.StaticFiles["site"];
        Assert.Equal("site", files.Id);
        Assert.Equal(["a.example"], files.Match.Hosts!);
        Assert.Equal("/f/{**path}", files.Match.Path);
        Assert.Equal(["GET"], files.Match.Methods!);
        Assert.Equal(new RouteHeader { Name = "X-A", Values = ["1"], Mode = HeaderMatchMode.HeaderPrefix, IsCaseSensitive = true }, Assert.Single(files.Match.Headers!));
        Assert.Equal(new RouteQueryParameter { Name = "q", Values = ["1"], Mode = QueryParameterMatchMode.Contains, IsCaseSensitive = true }, Assert.Single(files.Match.QueryParameters!));
        Assert.Equal(-5, files.Order);
        Assert.Equal("wwwroot", files.Root);
        Assert.Equal("/f", files.Prefix);
        Assert.True(files.Browse);
        Assert.Equal(["index.html"], files.IndexFiles!.Value);
        Assert.Equal(["{path}", "/index.html"], files.TryPaths);
        Assert.Equal(["*.bak"], files.Hide!.Value);
        Assert.Equal(["br"], files.Precompressed);
        Assert.Equal("max-age=3600", files.CacheControl);
        Assert.Equal("text/x", files.MimeTypes[".X"]);
        Assert.Equal("text/plain", files.DefaultContentType);
        Assert.Equal("404.html", files.NotFoundFile);
        Assert.Equal("v", files.Headers["x-h"]);
        Assert.Equal(("c", "r", "a"), (files.CorsPolicy, files.RateLimiterPolicy, files.AuthorizationPolicy));

        var response = config.StaticResponses["robots"];
        Assert.Equal("robots", response.Id);
        Assert.Equal("/robots.txt", response.Match.Path);
        Assert.Equal((7, 201, "text/html", "Hi\n"), (response.Order, response.StatusCode, response.ContentType, response.Body));
        Assert.Equal("v", response.Headers["X-H"]);
        Assert.Equal(("c", "r", "a"), (response.CorsPolicy, response.RateLimiterPolicy, response.AuthorizationPolicy));
    }

    [Fact]
    public void Read_KeyAbsent_LeavesItUnset()
    {
        var stream = ConfigFixture.ReadValid("""{ "wmproxy": { "STREAMS": { "a": { "listen": "tcp://*:1", "to": [ "tcp://b:2" ] } } } }""").Streams["A"];
        Assert.Equal(new StreamConfig { StreamId = "a", Listen = [new() { Scheme = ListenScheme.Tcp, Host = "*", FirstPort = 1, LastPort = 1 }], To = ["tcp://b:2"] }, stream);
    }

    [Theory]
    [InlineData("null", null)]
    [InlineData("[]", 0)]
    [InlineData("""[ "a", "b" ]""", 2)]
    public void Read_IndexFiles_TellsUnsetFromNone(string value, int? count)
    {
        var files = ConfigFixture.ReadValid($$"""{ "WmProxy": { "StaticFiles": { "s": { "Root": "r", "IndexFiles": {{value}} } } } }""").StaticFiles["s"];
        Assert.Equal(count, files.IndexFiles?.Count);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{ "Methods": [ "GET" ] }""")]
    public void Read_MatchWithoutPath_TakesEveryPath(string match)
    {
        var files = ConfigFixture.ReadValid($$"""{ "WmProxy": { "StaticFiles": { "s": { "Root": "r", "Match": {{match}} } } } }""").StaticFiles["s"];
        Assert.Equal("/{**path}", files.Match.Path);
    }

    [Fact]
    public void Read_ServerNames_AreInLowerCase()
    {
        var (config, _) = ConfigFixture.Read("""{ "WmProxy": { "Streams": { "a": { "Match": { "ServerNames": [ "WWW.Example" ] } } } } }""");
        Assert.Equal(["www.example"], config.Streams["a"].Match!.ServerNames);
    }

    [Theory]
    [InlineData("\"ConnectTimeout\": \"5\"", "ConnectTimeout", "'5' has no unit; did you mean '5s'?")]
    [InlineData("\"connecttimeout\": \"5\"", "connecttimeout", "did you mean '5s'?")]
    [InlineData("\"ConnectTimeout\": \"\"", "ConnectTimeout", "is empty")]
    [InlineData("\"ConnectTimeout\": {\"a\": 1}", "ConnectTimeout", "a single value is expected here")]
    [InlineData("\"ConnectTimeout\": [\"1s\"]", "ConnectTimeout", "a single value is expected here")]
    [InlineData("\"ConnectAttempts\": \"two\"", "ConnectAttempts", "is not a whole number")]
    [InlineData("\"ConnectAttempts\": 1.5", "ConnectAttempts", "is not a whole number")]
    [InlineData("\"MaxConnections\": 2147483648", "MaxConnections", "is not a whole number")]
    [InlineData("\"AccessLog\": \"on\"", "AccessLog", "neither 'true' nor 'false'")]
    [InlineData("\"ClusterId\": \"\"", "ClusterId", "is empty")]
    [InlineData("\"ClusterId\": [\"a\"]", "ClusterId", "a single value is expected here")]
    [InlineData("\"Listen\": \"6432\"", "Listen", "did you mean 'tcp://*:6432'?")]
    [InlineData("\"Listen\": [\"tcp://*:1\", \"2\"]", "Listen:1", "did you mean 'tcp://*:2'?")]
    [InlineData("\"Listen\": [\"tcp://*:1\", null]", "Listen:1", "is null")]
    [InlineData("\"Listen\": [[\"tcp://*:1\"]]", "Listen:0", "a single value is expected here")]
    [InlineData("\"Listen\": {\"First\": \"tcp://*:1\"}", "Listen:First", "a list is expected here")]
    [InlineData("\"Listen\": \"udp://*\"", "Listen", "has no port")]
    [InlineData("\"MaxSessions\": \"many\"", "MaxSessions", "is not a whole number")]
    [InlineData("\"Requests\": 1.5", "Requests", "is not a whole number")]
    [InlineData("\"Responses\": [ 1 ]", "Responses", "a single value is expected here")]
    [InlineData("\"Tls\": \"yes\"", "Tls", "a section with keys is expected here")]
    [InlineData("\"Match\": {\"ServerNames\": \"a.example\"}", "Match:ServerNames", "write [ \"a.example\" ]")]
    [InlineData("\"Access\": {\"Allow\": [\"10.0.0.1/8\"]}", "Access:Allow:0", "did you mean '10.0.0.0/8'?")]
    [InlineData("\"Access\": {\"Alow\": []}", "Access:Alow", "unknown key; did you mean 'Allow'? valid keys: Allow, Deny")]
    [InlineData("\"Bandwidth\": {\"Upload\": \"4Mb/s\"}", "Bandwidth:Upload", "bits are not accepted")]
    [InlineData("\"Bandwidth\": {\"Per\": \"Conection\"}", "Bandwidth:Per", "did you mean 'Connection'?")]
    [InlineData("\"ProxyProtocol\": {\"Send\": \"2\"}", "ProxyProtocol:Send", "valid values: V1, V2")]
    [InlineData("\"ProxyProtocol\": {\"Accept\": {\"Versions\": [\"V3\"]}}", "ProxyProtocol:Accept:Versions:0", "valid values: V1, V2")]
    [InlineData("\"ProxyProtocol\": {\"Accept\": {\"Reqired\": true}}", "ProxyProtocol:Accept:Reqired", "did you mean 'Required'?")]
    [InlineData("\"Tls\": {\"Sni\": {\"a\": {\"Cert\": {}}}}", "Tls:Sni:a:Cert", "valid keys: Certificate, ClientCertificateMode")]
    [InlineData("\"Tls\": {\"Certificate\": {\"KeyPaht\": \"k\"}}", "Tls:Certificate:KeyPaht", "did you mean 'KeyPath'?")]
    [InlineData("\"Tls\": {\"ClientCertificateMode\": \"Require\"}", "Tls:ClientCertificateMode", "RequireCertificate")]
    [InlineData("\"ClusterID2\": \"x\"", "ClusterID2", "unknown key; did you mean 'ClusterId'? valid keys: Listen, ClusterId, To, Match,")]
    [InlineData("\"Nonsense\": null", "Nonsense", "unknown key; valid keys: Listen")]
    public void Read_WrongStreamKey_NamesItsPathAndWhatIsRight(string key, string path, string message)
    {
        var (_, errors) = WmProxyConfigReader.Read(ConfigFixture.ParseStream(key), "/nowhere");
        var error = Assert.Single(errors);
        Assert.Equal($"WmProxy:Streams:pg:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"TunnelServer\": {}", "TunnelServer", "is not available in this version")]
    [InlineData("\"TunnelAgents\": { \"a\": {} }", "TunnelAgents", "is not available in this version")]
    [InlineData("\"Routes\": { \"a\": {} }", "Routes", "is not available in this version")]
    [InlineData("\"RateLimiters\": { \"a\": {} }", "RateLimiters", "is not available in this version")]
    [InlineData("\"AuthorizationPolicies\": { \"a\": {} }", "AuthorizationPolicies", "is not available in this version")]
    [InlineData("\"CorsPolicies\": { \"a\": {} }", "CorsPolicies", "is not available in this version")]
    [InlineData("\"TimeoutPolicies\": { \"a\": {} }", "TimeoutPolicies", "is not available in this version")]
    [InlineData("\"OutputCachePolicies\": { \"a\": {} }", "OutputCachePolicies", "is not available in this version")]
    [InlineData("\"TrustedProxies\": [ \"::1\" ]", "TrustedProxies", "is not available in this version")]
    [InlineData("\"HttpProxyProtocol\": { \"a\": {} }", "HttpProxyProtocol", "is not available in this version")]
    [InlineData("\"AccessLog\": { \"Path\": \"a\" }", "AccessLog", "is not available in this version")]
    [InlineData("\"Admin\": { \"Token\": \"secret\" }", "Admin", "is not available in this version")]
    [InlineData("\"StaticFiles\": { \"a\": { \"Root\": \"r\", \"Bandwidth\": {} } }", "StaticFiles:a:Bandwidth", "is not available in this version")]
    [InlineData("\"Engine\": \"linx\"", "Engine", "did you mean 'Linux'? valid values: Auto, Linux, Portable")]
    [InlineData("\"Engine\": \"Portabel\"", "Engine", "did you mean 'Portable'?")]
    [InlineData("\"DrainTimeout\": \"0s\"", "DrainTimeout", "not more than zero")]
    [InlineData("\"Stream\": {}", "Stream", "unknown key; did you mean 'Streams'?")]
    [InlineData("\"Streams\": \"tcp://*:1\"", "Streams", "a section with keys is expected here")]
    [InlineData("\"Streams\": { \"a\": \"tcp://*:1\" }", "Streams:a", "a section with keys is expected here")]
    [InlineData("\"StaticFiles\": { \"a\": {} }", "StaticFiles:a:Root", "is required")]
    [InlineData("\"StaticFiles\": { \"a\": { \"Root\": \"\" } }", "StaticFiles:a:Root", "is empty")]
    [InlineData("\"StaticFiles\": { \"a\": { \"Root\": \"r\", \"Headers\": { \"X\": [ \"a\" ] } } }", "StaticFiles:a:Headers:X", "a single value is expected here")]
    [InlineData("\"StaticFiles\": { \"a\": { \"Root\": \"r\", \"Headers\": \"X\" } }", "StaticFiles:a:Headers", "a section with keys is expected here")]
    [InlineData("\"StaticResponses\": { \"a\": { \"Statuscode2\": 1 } }", "StaticResponses:a:Statuscode2", "did you mean 'StatusCode'?")]
    [InlineData("\"StaticResponses\": { \"a\": { \"Match\": { \"Headers\": [ {\"Values\": [\"a\"]} ] } } }", "StaticResponses:a:Match:Headers:0:Name", "is required")]
    [InlineData("\"StaticResponses\": { \"a\": { \"Match\": { \"Headers\": [ \"X\" ] } } }", "StaticResponses:a:Match:Headers:0", "a section with keys is expected here")]
    [InlineData("\"StaticResponses\": { \"a\": { \"Match\": { \"Headers\": [ {\"Name\": \"a\", \"Mode\": \"Exact\"} ] } } }", "StaticResponses:a:Match:Headers:0:Mode", "valid values: ExactHeader")]
    [InlineData("\"StaticResponses\": { \"a\": { \"Match\": { \"QueryParameters\": [ {\"Nam\": \"a\", \"Name\": \"b\"} ] } } }", "StaticResponses:a:Match:QueryParameters:0:Nam", "did you mean 'Name'?")]
    [InlineData("\"StaticResponses\": { \"a\": { \"Match\": { \"Path\": [ \"/\" ] } } }", "StaticResponses:a:Match:Path", "a single value is expected here")]
    public void Read_WrongKeyElsewhere_NamesItsPathAndWhatIsRight(string key, string path, string message)
    {
        var (_, errors) = ConfigFixture.Read($$"""{ "WmProxy": { {{key}} } }""");
        var error = Assert.Single(errors);
        Assert.Equal($"WmProxy:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ScalarInsteadOfSection_IsAnError()
    {
        var (_, errors) = ConfigFixture.Read("""{ "WmProxy": "on" }""");
        Assert.Equal("WmProxy", Assert.Single(errors).Path);
    }

    [Fact]
    public void Read_ManyErrors_FindsAllInTheSpellingOfTheUser()
    {
        var (_, errors) = ConfigFixture.Read("""{ "wmproxy": { "streams": { "PG": { "listen": "x", "connectTimeout": "1", "zzz": 1 } }, "engine": "x" } }""");
        Assert.Equal(
            ["wmproxy:streams:PG:listen", "wmproxy:streams:PG:connectTimeout", "wmproxy:streams:PG:zzz", "wmproxy:engine"],
            errors.Select(error => error.Path));
    }

    [Fact]
    public void Read_ListenAsValueAndListFromTwoSources_IsAnError()
    {
        var root = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["WmProxy:Streams:a:Listen"] = "tcp://*:1",
            ["WmProxy:Streams:a:Listen:0"] = "tcp://*:2",
        }).Build();
        var error = Assert.Single(WmProxyConfigReader.Read(root, "/nowhere").Errors);
        Assert.Equal("WmProxy:Streams:a:Listen", error.Path);
        Assert.Contains("both a single value and a list", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PasswordFile_GivesItsTextWithoutTheLineEnd()
    {
        using var fixture = new ConfigFixture();
        fixture.Write("pw", " s3cret \r\n");
        var root = ConfigFixture.ParseStream("""
            "Tls": { "Certificate": { "Path": "c", "PasswordFile": "pw" }, "Sni": { "a": { "Certificate": { "Path": "c", "PasswordFile": "pw" } } } }
            """);
        var (config, errors) = WmProxyConfigReader.Read(root, fixture.Directory);
        Assert.Empty(errors);
        Assert.Equal(" s3cret ", config.Streams["pg"].Tls!.Certificate!.Password);
        Assert.Equal(" s3cret ", config.Streams["pg"].Tls!.Sni["a"].Certificate!.Password);
        Assert.DoesNotContain("s3cret", config.ToString() + config.Streams["pg"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "does not exist")]
    [InlineData("no/folder", "does not exist")]
    [InlineData("empty", "is empty")]
    [InlineData("large", "larger than 64 KiB")]
    [InlineData("binary", "is not UTF-8 text")]
    [InlineData(".", "cannot be read")]
    public void Read_PasswordFileUnusable_IsAnErrorWithoutItsContent(string file, string message)
    {
        using var fixture = new ConfigFixture();
        fixture.Write("empty", "\n");
        fixture.Write("large", new string('s', 65537));
        File.WriteAllBytes(Path.Combine(fixture.Directory, "binary"), [0xFF, 0xFE, 0xC0]);
        var root = ConfigFixture.ParseStream($$"""
            "Tls": { "Certificate": { "Path": "c", "PasswordFile": "{{file}}" } }
            """);
        var error = Assert.Single(WmProxyConfigReader.Read(root, fixture.Directory).Errors);
        Assert.Equal("WmProxy:Streams:pg:Tls:Certificate:PasswordFile", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sss", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PasswordAndPasswordFile_IsAnErrorWithoutThePassword()
    {
        var root = ConfigFixture.ParseStream("""
            "Tls": { "Certificate": { "Path": "c", "Password": "s3cret", "PasswordFile": "f" } }
            """);
        var error = Assert.Single(WmProxyConfigReader.Read(root, "/nowhere").Errors);
        Assert.Equal("WmProxy:Streams:pg:Tls:Certificate:PasswordFile", error.Path);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
    }
}
