using System;
using System.IO;
using System.Linq;
using System.Net;
using WmProxy.Configuration;

namespace WmProxy.Tests.Configuration.Reading;

public sealed class ForwardProxyConfigReaderTests
{
    [Fact]
    public void Read_EveryKey_GivesItsValue()
    {
        var proxy = ConfigFixture.ReadValid(FullConfig.Json).ForwardProxies["office"];

        Assert.Equal("office", proxy.ProxyId);
        Assert.Equal(["tcp://127.0.0.1:8090", "tls://[::1]:8091", "unix:/run/forward.sock"], proxy.Listen.Select(address => address.ToString()));
        Assert.Equal([ForwardProtocol.Http, ForwardProtocol.Socks4], proxy.Protocols);
        Assert.Equal(TimeSpan.FromSeconds(2), proxy.DetectTimeout);
        Assert.Equal(["alice", "bob"], proxy.Users.Keys);
        Assert.Equal("secret", proxy.Users["alice"].Password);
        Assert.StartsWith("$pbkdf2-sha512$", proxy.Users["bob"].PasswordHash, StringComparison.Ordinal);
        Assert.Equal(2, proxy.Rules.Count);
        var rule = proxy.Rules[0];
        Assert.Equal(ForwardRuleAction.Allow, rule.Action);
        Assert.Equal(["alice"], rule.Users);
        Assert.Equal("127.0.0.0/8", rule.Clients.ToString());
        Assert.Equal(["*.corp.example", "corp.example", "203.0.113.0/24", "2001:db8::1"], rule.Hosts);
        Assert.Equal(["443", "8000-8999", "22"], rule.Ports);
        Assert.Equal([ForwardCommand.Http, ForwardCommand.UdpAssociate], rule.Commands);
        Assert.Equal("parents", rule.ClusterId);
        Assert.Equal(new BandwidthConfig { Upload = 1_000_000, Download = 4096, Per = BandwidthScope.Client }, rule.Bandwidth);
        Assert.False(proxy.AllowLocalDestinations);
        Assert.True(proxy.AllowAnonymous);
        Assert.Equal(EgressGuardMode.ReportOnly, proxy.Guard);
        Assert.Equal("parents", proxy.ClusterId);
        Assert.Equal(
            new UdpAssociateConfig
            {
                Enabled = true,
                AdvertisedAddress = IPAddress.Parse("198.51.100.7"),
                Ports = "30000-30999",
                IdleTimeout = TimeSpan.FromSeconds(30),
                MaxAssociationsPerClient = 4,
            },
            proxy.UdpAssociate);
        Assert.True(proxy.Bind!.Enabled);
        Assert.Equal(TimeSpan.FromSeconds(3), proxy.ConnectTimeout);
        Assert.Equal(2, proxy.ConnectAttempts);
        Assert.Equal(TimeSpan.FromMinutes(5), proxy.IdleTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), proxy.HalfCloseTimeout);
        Assert.Equal(100, proxy.MaxConnections);
        Assert.Equal(20, proxy.MaxConnectionsPerClient);
        Assert.Equal("127.0.0.9/32", proxy.Access!.Deny.ToString());
        Assert.Equal(2_000_000, proxy.Bandwidth!.Upload);
        Assert.True(proxy.ProxyProtocol!.Accept!.Required);
        Assert.Equal("c.pem", proxy.Tls!.Certificate!.Path);
        Assert.True(proxy.AccessLog);
    }

    [Fact]
    public void Read_PasswordFile_GivesItsContent()
    {
        using var fixture = new ConfigFixture();
        fixture.Write("alice.txt", "s3cret\n");

        var (config, errors) = WmProxyConfigReader.Read(Parse("""
            "Users": { "alice": { "PasswordFile": "alice.txt" } }
            """), fixture.Directory);

        Assert.Empty(errors);
        Assert.Equal("s3cret", config.ForwardProxies["p"].Users["alice"].Password);
        Assert.DoesNotContain("s3cret", config.ForwardProxies["p"].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Protocol\": [ \"Http\" ]", "Protocol", "did you mean 'Protocols'?")]
    [InlineData("\"Protocols\": [ \"Socks\" ]", "Protocols:0", "did you mean 'Socks4'?")]
    [InlineData("\"Protocols\": \"Http\"", "Protocols", "a list is expected here")]
    [InlineData("\"Guard\": \"Off\"", "Guard", "valid values: Enforce, ReportOnly")]
    [InlineData("\"Rules\": [ {} ]", "Rules:0:Action", "is required")]
    [InlineData("\"Rules\": [ { \"Action\": \"Reject\" } ]", "Rules:0:Action", "valid values: Deny, Allow")]
    [InlineData("\"Rules\": [ { \"Action\": \"Allow\", \"Host\": [ \"a\" ] } ]", "Rules:0:Host", "did you mean 'Hosts'?")]
    [InlineData("\"Rules\": [ { \"Action\": \"Allow\", \"Clients\": [ \"a\" ] } ]", "Rules:0:Clients:0", "is not a network")]
    [InlineData("\"Rules\": [ { \"Action\": \"Allow\", \"Commands\": [ \"Udp\" ] } ]", "Rules:0:Commands:0", "valid values: Http, Connect, UdpAssociate, Bind")]
    [InlineData("\"UdpAssociate\": { \"AdvertisedAddress\": \"example.com\" }", "UdpAssociate:AdvertisedAddress", "is not an IP address")]
    [InlineData("\"UdpAssociate\": { \"Enable\": true }", "UdpAssociate:Enable", "did you mean 'Enabled'?")]
    [InlineData("\"ProxyProtocol\": { \"Send\": \"V1\" }", "ProxyProtocol:Send", "unknown key; valid keys: Accept")]
    [InlineData("\"Users\": { \"alice\": \"s3cret\" }", "Users:alice", "a section with keys is expected here")]
    [InlineData("\"Users\": { \"alice\": { \"Pasword\": \"s3cret\" } }", "Users:alice:Pasword", "did you mean 'Password'?")]
    [InlineData("\"Users\": { \"alice\": { \"Password\": [ \"s3cret\" ] } }", "Users:alice:Password", "a single value is expected here")]
    [InlineData("\"Users\": { \"alice\": { \"Password\": \"s3cret\", \"PasswordFile\": \"a\" } }", "Users:alice:PasswordFile", "stands beside 'Password'")]
    [InlineData("\"Users\": { \"alice\": { \"PasswordFile\": \"gone.txt\" } }", "Users:alice:PasswordFile", "does not exist")]
    public void Read_WrongKey_SaysWhereAndWhatWithoutSecrets(string key, string path, string message)
    {
        var (_, errors) = WmProxyConfigReader.Read(Parse(key), Path.GetTempPath());

        var error = Assert.Single(errors);
        Assert.Equal($"WmProxy:ForwardProxies:p:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }

    private static Microsoft.Extensions.Configuration.IConfigurationRoot Parse(string keys) =>
        ConfigFixture.Parse($$"""{ "WmProxy": { "ForwardProxies": { "p": { "Listen": "tcp://127.0.0.1:1", {{keys}} } } } }""");
}
