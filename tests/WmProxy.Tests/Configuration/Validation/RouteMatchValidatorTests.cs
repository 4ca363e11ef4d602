using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using WmProxy.Configuration.Validation;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class RouteMatchValidatorTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("\"Hosts\": [ \"*.example.com:8443\" ], \"Methods\": [ \"GET\", \"PROPFIND\" ], \"Headers\": [ { \"Name\": \"A\", \"Mode\": \"Exists\" } ]")]
    [InlineData("\"Path\": \"/docs/{year:int}/{**path}\", \"Hosts\": [ \"a.example\", \"*.b.example:8080\", \"*\", \"bücher.example\", \"*:81\", \"[::1]:82\", \"[::1]\", \"a:*\", \"a:65535\" ], \"Methods\": [ \"GET\" ]")]
    [InlineData("\"Path\": \"/{a:regex(^[a-z]+$)}/{b:range(1,3)}\", \"Headers\": [ { \"Name\": \"A\", \"Values\": [ \"1\" ] } ], \"QueryParameters\": [ { \"Name\": \"q\", \"Mode\": \"Exists\" }, { \"Name\": \"q r\", \"Values\": [ \"1\" ] } ]")]
    public void Validate_GoodMatch_HasNoErrors(string keys) => Assert.Empty(Check(keys));

    [Theory]
    [InlineData("\"Path\": \"/{a\"", "Path", "is not a path pattern")]
    [InlineData("\"Path\": \"/{**a}/b\"", "Path", "is not a path pattern")]
    [InlineData("\"Path\": \"/{a:nosuchconstraint}\"", "Path", "nosuchconstraint")]
    [InlineData("\"Path\": \"/{a:range(1)}\"", "Path", "is not a path pattern")]
    [InlineData("\"Path\": \"/{a:length(x)}\"", "Path", "is not a path pattern")]
    [InlineData("\"Path\": \"/{a:regex([)}\"", "Path", "is not a path pattern")]
    [InlineData("\"Path\": \"/{a:regex([)?}\"", "Path", "is not a path pattern")]
    [InlineData("\"Hosts\": [ \"\" ]", "Hosts:0", "is empty")]
    [InlineData("\"Hosts\": [ \"http://a\" ]", "Hosts:0", "is not a host")]
    [InlineData("\"Hosts\": [ \"a b\" ]", "Hosts:0", "is not a host")]
    [InlineData("\"Hosts\": [ \":80\" ]", "Hosts:0", "is not a host")]
    [InlineData("\"Hosts\": [ \"a.*.example\" ]", "Hosts:0", "is not a host")]
    [InlineData("\"Hosts\": [ \"*a\" ]", "Hosts:0", "is not a host")]
    [InlineData("\"Hosts\": [ \"*.*\" ]", "Hosts:0", "is not a host")]
    [InlineData("\"Hosts\": [ \"a.example\", \"b.example:http\" ]", "Hosts:1", "no port from 1 to 65535")]
    [InlineData("\"Hosts\": [ \"a:0\" ]", "Hosts:0", "no port")]
    [InlineData("\"Hosts\": [ \"a:65536\" ]", "Hosts:0", "no port")]
    [InlineData("\"Hosts\": [ \"a:\" ]", "Hosts:0", "no port")]
    [InlineData("\"Hosts\": [ \"xn--mnchen-3ya.example\" ]", "Hosts:0", "Unicode")]
    [InlineData("\"Hosts\": [ \"a\", \"A\" ]", "Hosts:1", "listed twice")]
    [InlineData("\"Methods\": [ \"GET\", \"get\" ]", "Methods:1", "listed twice")]
    [InlineData("\"Methods\": [ \"GET POST\" ]", "Methods:0", "is not an HTTP method")]
    [InlineData("\"Headers\": [ { \"Name\": \"A\" } ]", "Headers:0:Values", "is required with the mode 'ExactHeader'")]
    [InlineData("\"Headers\": [ { \"Name\": \"A\", \"Values\": [ \"b\", \"\" ] } ]", "Headers:0:Values:1", "is empty")]
    [InlineData("\"Headers\": [ { \"Mode\": \"Exists\" } ]", "Headers:0:Name", "is required")]
    [InlineData("\"Headers\": [ { \"Name\": \"A B\", \"Values\": [ \"c\" ] } ]", "Headers:0:Name", "is not the name of a header")]
    [InlineData("\"Headers\": [ { \"Name\": \"A\", \"Mode\": \"NotExists\", \"Values\": [ \"c\" ] } ]", "Headers:0:Values", "has no effect with the mode 'NotExists'")]
    [InlineData("\"Headers\": [ { \"Name\": \"A\", \"Mode\": \"Exists\", \"Values\": [ \"1\" ] } ]", "Headers:0:Values", "has no effect with the mode 'Exists'")]
    [InlineData("\"QueryParameters\": [ { \"Name\": \"A\", \"Mode\": \"Prefix\" } ]", "QueryParameters:0:Values", "is required with the mode 'Prefix'")]
    [InlineData("\"QueryParameters\": [ { \"Name\": \"A\", \"Mode\": \"Exists\", \"Values\": [ \"c\" ] } ]", "QueryParameters:0:Values", "has no effect")]
    [InlineData("\"QueryParameters\": [ { \"Name\": \"\", \"Mode\": \"Exists\" } ]", "QueryParameters:0:Name", "is empty")]
    public void Validate_BadMatch_NamesThePathAndWhatIsRight(string keys, string path, string message)
    {
        var error = Assert.Single(Check(keys));
        Assert.Equal($"WmProxy:StaticFiles:a:Match:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_MatchMadeInCode_IsCheckedForWhatTheReaderWouldRefuse()
    {
        var match = new RouteMatch
        {
            Hosts = [""],
            Methods = [""],
            Headers = [new() { Name = "", Mode = HeaderMatchMode.Exists }, new() { Name = "A", Values = ["1", ""] }],
            QueryParameters = [new() { Name = "", Mode = QueryParameterMatchMode.Exists }, new() { Name = "q", Values = [""] }],
        };
        var errors = new List<ConfigError>();

        RouteMatchValidator.Validate("Match", match, null, new ConfigErrorCollector(errors, null));

        Assert.Equal(
            [
                "Match:Hosts:0", "Match:Methods:0", "Match:Headers:0:Name", "Match:Headers:1:Values:1",
                "Match:QueryParameters:0:Name", "Match:QueryParameters:1:Values:0",
            ],
            errors.Select(error => error.Path));
    }

    [Fact]
    public void Validate_WithoutTheHostsConstraints_LeavesThemUnchecked()
    {
        var errors = new List<ConfigError>();
        RouteMatchValidator.Validate("Match", new RouteMatch { Path = "/{a:ofTheHost}" }, null, new ConfigErrorCollector(errors, null));
        Assert.Empty(errors);
    }

    private List<ConfigError> Check(string keys)
    {
        return _fixture.Check($$"""
            { "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } }, "WmProxy": { "StaticFiles": { "a": { "Root": ".", "Match": { {{keys}} } } } } }
            """);
    }
}
