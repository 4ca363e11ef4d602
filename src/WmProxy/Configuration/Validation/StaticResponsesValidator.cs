using WmProxy.StaticResponses;

namespace WmProxy.Configuration.Validation;

/// <summary>Fixed answers that HTTP allows.</summary>
internal static class StaticResponsesValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        foreach (var response in config.StaticResponses.Values)
        {
            var path = ConfigKeyPath.Of("WmProxy", "StaticResponses", response.Id);
            RouteMatchValidator.Validate(ConfigKeyPath.Of(path, "Match"), response.Match, context.RouteConstraints, errors);
            if (response.StatusCode is < 200 or > 599)
            {
                errors.Add(ConfigKeyPath.Of(path, "StatusCode"), $"{response.StatusCode} is not the status of an answer, which is 200 to 599");
            }

            if (response.StatusCode is { } status && !StaticResponseHandler.MayHaveBody(status) && !string.IsNullOrEmpty(response.Body))
            {
                errors.Add(ConfigKeyPath.Of(path, "Body"), $"cannot be sent with status {status}");
            }

            MediaTypeSyntax.Validate(ConfigKeyPath.Of(path, "ContentType"), response.ContentType, errors);
            FieldSyntax.ValidateFields(ConfigKeyPath.Of(path, "Headers"), response.Headers, errors);
        }
    }
}
