namespace WmProxy.Configuration.Reading;

internal static class StaticResponseConfigReader
{
    public static StaticResponseConfig Read(ConfigSectionReader section) => new()
    {
        Id = section.Name,
        Match = RouteMatchReader.ReadFrom(section),
        Order = section.ReadInteger("Order"),
        StatusCode = section.ReadInteger("StatusCode"),
        ContentType = section.ReadName("ContentType"),
        Body = section.ReadText("Body"),
        Headers = section.ReadTextMap("Headers"),
        CorsPolicy = section.ReadName("CorsPolicy"),
        RateLimiterPolicy = section.ReadName("RateLimiterPolicy"),
        AuthorizationPolicy = section.ReadName("AuthorizationPolicy"),
    };
}
