using System;
using System.Linq;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class StaticResponsesValidatorTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("\"StatusCode\": 199", "StatusCode")]
    [InlineData("\"StatusCode\": 101", "StatusCode")]
    [InlineData("\"StatusCode\": 100", "StatusCode")]
    [InlineData("\"StatusCode\": 600", "StatusCode")]
    [InlineData("\"StatusCode\": 204, \"Body\": \"a\"", "Body")]
    [InlineData("\"StatusCode\": 205, \"Body\": \"a\"", "Body")]
    [InlineData("\"StatusCode\": 304, \"Body\": \"a\"", "Body")]
    [InlineData("\"ContentType\": \"html\"", "ContentType")]
    [InlineData("\"ContentType\": \"text plain\"", "ContentType")]
    [InlineData("\"Headers\": { \"Transfer-Encoding\": \"chunked\" }", "Headers:Transfer-Encoding")]
    [InlineData("\"Headers\": { \"X-A\": \"1\\n2\" }", "Headers:X-A")]
    [InlineData("\"Match\": { \"Path\": \"/{a}/{a}\" }", "Match:Path")]
    [InlineData("\"Match\": { \"Path\": \"/a}\" }", "Match:Path")]
    [InlineData("\"StatusCode\": 200, \"Body\": \"a\"", null)]
    [InlineData("\"StatusCode\": 204, \"Body\": \"\"", null)]
    [InlineData("\"StatusCode\": 599, \"Body\": \"x\"", null)]
    public void Validate_Response_ChecksWhatHttpAllows(string keys, string? path)
    {
        var errors = _fixture.Check($$"""{ "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } }, "WmProxy": { "StaticResponses": { "a": { {{keys}} } } } }""");
        Assert.Equal(path is null ? [] : [$"WmProxy:StaticResponses:a:{path}"], errors.Select(error => error.Path));
    }
}
