namespace WmProxy.Configuration.Validation;

/// <summary>Fixed answers that HTTP allows.</summary>
internal static class StaticResponsesValidator
{
    public static void Validate(WmProxyConfig config, ConfigErrorCollector errors)
    {
        foreach (var response in config.StaticResponses.Values)
        {
            var path = ConfigKeyPath.Of("WmProxy", "StaticResponses", response.Id);
            RouteMatchValidator.Validate(ConfigKeyPath.Of(path, "Match"), response.Match, errors);
            if (response.StatusCode is < 200 or > 599)
            {
                errors.Add(ConfigKeyPath.Of(path, "StatusCode"), $"{response.StatusCode} is not the status of an answer, which is 200 to 599");
            }

            // RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5.
            if (response.StatusCode is 204 or 205 or 304 && !string.IsNullOrEmpty(response.Body))
            {
                errors.Add(ConfigKeyPath.Of(path, "Body"), $"cannot be sent with status {response.StatusCode}");
            }

            MediaTypeSyntax.Validate(ConfigKeyPath.Of(path, "ContentType"), response.ContentType, errors);
            FieldSyntax.ValidateFields(ConfigKeyPath.Of(path, "Headers"), response.Headers, errors);
        }
    }
}
