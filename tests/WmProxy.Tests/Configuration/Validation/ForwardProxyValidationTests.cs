using System;
using System.Linq;
using WmProxy.Configuration;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class ForwardProxyValidationTests : IDisposable
{
    private const string Local = "\"Listen\": \"tcp://127.0.0.1:1\"";
    private const string Hash = "$pbkdf2-sha512$i=210000$c2VjcmV0c2VjcmV0$c2VjcmV0c2VjcmV0c2VjcmV0";

    private readonly ConfigFixture _fixture = new();

    public ForwardProxyValidationTests()
    {
        _fixture.Write("c.pem", "");
        _fixture.Write("k.pem", "");
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(Local)]
    [InlineData("\"Listen\": [ \"tcp://localhost:1\", \"tcp://[::1]:2\", \"tcp://127.0.0.2:3-5\", \"unix:/run/forward.sock\" ]")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"Users\": { \"alice\": { \"Password\": \"p\" } }")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"Users\": { \"alice\": { \"PasswordHash\": \"" + Hash + "\" } }")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"Access\": { \"Allow\": [ \"10.0.0.0/8\" ] }")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"AllowAnonymous\": true")]
    [InlineData("\"Listen\": \"tls://127.0.0.1:1\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\", \"KeyPath\": \"k.pem\" } }")]
    [InlineData(Local + ", \"ClusterId\": \"PARENTS\"")]
    [InlineData(Local + ", \"Users\": { \"alice\": { \"Password\": \"p\" } }, \"Rules\": [ { \"Action\": \"Allow\", \"Users\": [ \"ALICE\" ], \"Hosts\": [ \"a\", \"*.a.example\", \"10.0.0.0/8\", \"::1\", \"_x.example\", \"münchen.example\" ], \"Ports\": [ \"1\", \"2-65535\" ] } ]")]
    [InlineData(Local + ", \"UdpAssociate\": { \"Ports\": \"30000-30999\", \"AdvertisedAddress\": \"198.51.100.7\", \"MaxAssociationsPerClient\": 0 }")]
    public void Validate_GoodProxy_HasNoErrors(string keys) => Assert.Empty(Check(keys));

    [Theory]
    [InlineData("\"Protocols\": [ \"Http\" ]", "Listen", "is required")]
    [InlineData("\"Listen\": \"udp://127.0.0.1:1\"", "Listen", "datagrams go through 'UdpAssociate'")]
    [InlineData("\"Listen\": \"tcp://*:1\"", "Listen", "add 'Users', or 'Access.Allow' with the networks of your clients, or listen on 127.0.0.1, or set 'AllowAnonymous' to true")]
    [InlineData("\"Listen\": [ \"tcp://127.0.0.1:1\", \"tcp://192.0.2.1:1\" ]", "Listen", "'tcp://192.0.2.1:1' can be reached from other machines")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"Access\": { \"Deny\": [ \"10.0.0.0/8\" ] }", "Listen", "can be reached")]
    [InlineData("\"Listen\": \"tcp://*:1\", \"AllowAnonymous\": false", "Listen", "can be reached")]
    [InlineData("\"Listen\": [ \"tcp://127.0.0.1:1\", \"tcp://127.0.0.1:1\" ]", "Listen:1", "is listed twice")]
    [InlineData("\"Listen\": [ \"tcp://localhost:1\", \"tcp://127.0.0.1:1\" ]", "Listen:1", "takes the same address as 'tcp://localhost:1'")]
    [InlineData("\"Listen\": \"tls://127.0.0.1:1\"", "Tls", "is required for 'tls://127.0.0.1:1'")]
    [InlineData(Local + ", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" } }", "Tls", "has no effect")]
    [InlineData("\"Listen\": \"tls://127.0.0.1:1\", \"Tls\": { \"Certificate\": { \"Path\": \"c.pem\" }, \"AlpnProtocols\": [ \"h2\" ] }", "Tls:AlpnProtocols", "which forward proxies do not speak")]
    [InlineData(Local + ", \"ClusterId\": \"parent\"", "ClusterId", "did you mean 'parents'?")]
    [InlineData(Local + ", \"ClusterId\": \"pg\"", "ClusterId", "the cluster 'pg' has the destination 'd1' at 'tcp://10.0.0.5:5432', which is no parent proxy; those are 'socks5://host:port', 'socks5+tls://host:port', 'http+connect://host:port' and 'https+connect://host:port'")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\" }, { \"Action\": \"Allow\", \"ClusterId\": \"parent\" } ]", "Rules:1:ClusterId", "did you mean 'parents'?")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Deny\", \"ClusterId\": \"parents\" } ]", "Rules:0:ClusterId", "has no effect in a rule that denies")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Users\": [ \"bob\" ] } ]", "Rules:0:Users:0", "there is no user 'bob' of this forward proxy; users: none")]
    [InlineData(Local + ", \"Users\": { \"bobby\": { \"Password\": \"p\" } }, \"Rules\": [ { \"Action\": \"Allow\", \"Users\": [ \"boby\" ] } ]", "Rules:0:Users:0", "did you mean 'bobby'?")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"*\" ] } ]", "Rules:0:Hosts:0", "leave 'Hosts' out")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"a.*.b\" ] } ]", "Rules:0:Hosts:0", "is neither a host name")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"a.example:80\" ] } ]", "Rules:0:Hosts:0", "did you mean 'a.example'? Ports stand in 'Ports'")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"http://a.example\" ] } ]", "Rules:0:Hosts:0", "write the name or the network alone")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"10.0.0.1/8\" ] } ]", "Rules:0:Hosts:0", "did you mean '10.0.0.0/8'?")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"10.0.0\" ] } ]", "Rules:0:Hosts:0", "is not a network")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"a b\" ] } ]", "Rules:0:Hosts:0", "is neither a host name")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Ports\": [ \"0\" ] } ]", "Rules:0:Ports:0", "is no port of a destination")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Ports\": [ \"65536\" ] } ]", "Rules:0:Ports:0", "is not a port")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Ports\": [ \"9-8\" ] } ]", "Rules:0:Ports:0", "did you mean '8-9'?")]
    [InlineData(Local + ", \"Rules\": [ { \"Action\": \"Allow\", \"Bandwidth\": { \"Per\": \"Client\" } } ]", "Rules:0:Bandwidth:Per", "has no effect")]
    [InlineData(Local + ", \"Users\": { \"alice\": {} }", "Users:alice:Password", "is required, or 'PasswordFile', or 'PasswordHash'")]
    [InlineData(Local + ", \"Users\": { \"alice\": { \"Password\": \"\" } }", "Users:alice:Password", "is empty")]
    [InlineData(Local + ", \"Users\": { \"alice\": { \"Password\": \"s3cret\\u0000\" } }", "Users:alice:Password", "has a control character in it")]
    [InlineData(Local + ", \"Users\": { \"alice\": { \"Password\": \"s3cret\", \"PasswordHash\": \"" + Hash + "\" } }", "Users:alice:PasswordHash", "stands beside a password")]
    [InlineData(Local + ", \"Users\": { \"alice\": { \"PasswordHash\": \"s3cret\" } }", "Users:alice:PasswordHash", "is not a password hash; 'wmproxy hash-password' prints one")]
    [InlineData(Local + ", \"Users\": { \"al\\nice\": { \"Password\": \"s3cret\" } }", "Users:al\nice", "has a character in it that HTTP cannot carry")]
    [InlineData(Local + ", \"MaxConnections\": -1", "MaxConnections", "is too low; the least is 0, which means no limit")]
    [InlineData(Local + ", \"ConnectAttempts\": 0", "ConnectAttempts", "is too low; the least is 1")]
    [InlineData(Local + ", \"ProxyProtocol\": { \"Accept\": { \"Required\": true } }", "ProxyProtocol:Accept:From", "is required")]
    [InlineData(Local + ", \"UdpAssociate\": { \"Ports\": \"x\" }", "UdpAssociate:Ports", "is not a port")]
    [InlineData(Local + ", \"UdpAssociate\": { \"Ports\": \"0\" }", "UdpAssociate:Ports", "leave 'Ports' out")]
    [InlineData(Local + ", \"UdpAssociate\": { \"AdvertisedAddress\": \"0.0.0.0\" }", "UdpAssociate:AdvertisedAddress", "is not an address that clients can send datagrams to")]
    [InlineData(Local + ", \"UdpAssociate\": { \"MaxAssociationsPerClient\": -1 }", "UdpAssociate:MaxAssociationsPerClient", "is too low")]
    public void Validate_BadProxy_SaysWhereAndWhatWithoutSecrets(string keys, string path, string message)
    {
        var error = Assert.Single(Check(keys));

        Assert.Equal($"WmProxy:ForwardProxies:p:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_LongNamesAndPasswords_AreRefused()
    {
        var long256 = new string('x', 256);

        Assert.Contains("255 bytes", Assert.Single(Check($$"""{{Local}}, "Users": { "{{long256}}": { "Password": "p" } }""")).Message, StringComparison.Ordinal);
        Assert.Contains("255 bytes", Assert.Single(Check($$"""{{Local}}, "Users": { "a": { "Password": "{{long256}}" } }""")).Message, StringComparison.Ordinal);
        Assert.Contains("255 bytes", Assert.Single(Check($$"""{{Local}}, "Users": { "a": { "Password": "{{new string('ü', 128)}}" } }""")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Streams\": { \"s\": { \"Listen\": \"tcp://*:1\", \"ClusterId\": \"pg\" } }", "takes the same address as")]
    [InlineData("\"Streams\": { \"s\": { \"Listen\": \"tcp://127.0.0.1:1\", \"ClusterId\": \"pg\" } }", "takes the same address as")]
    [InlineData("\"Streams\": { \"s\": { \"Listen\": \"tcp://127.0.0.2:1\", \"ClusterId\": \"pg\" } }", null)]
    [InlineData("\"StaticFiles\": {}", null)]
    public void Validate_AddressOfAStream_IsAConflict(string other, string? message)
    {
        var errors = _fixture.Check($$"""{ "WmProxy": { "ForwardProxies": { "p": { {{Local}} } }, {{other}} } }""");

        Assert.Equal(message is null ? 0 : 1, errors.Count);
        Assert.All(errors, error => Assert.Contains(message!, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_AddressOfKestrelOrOfAnotherProxy_IsAConflict()
    {
        var errors = _fixture.Check($$"""
            {
              "Kestrel": { "Endpoints": { "a": { "Url": "http://*:1" } } },
              "WmProxy": { "ForwardProxies": { "p": { {{Local}} }, "q": { "Listen": [ "tcp://localhost:2", "tcp://localhost:0" ] }, "r": { "Listen": [ "tcp://[::1]:2", "tcp://localhost:0" ] } } }
            }
            """);

        Assert.Equal(["WmProxy:ForwardProxies:p:Listen", "WmProxy:ForwardProxies:r:Listen:0"], errors.Select(error => error.Path).Order());
    }

    private System.Collections.Generic.List<ConfigError> Check(string keys) => _fixture.Check(
        $$"""{ "WmProxy": { "ForwardProxies": { "p": { {{keys}} } } } }""",
        context => context with { Clusters = [.. context.Clusters, ConfigFixture.Cluster("parents", "socks5://u:s3cret@10.0.0.6:1080", "https+connect://10.0.0.7:443")] });
}
